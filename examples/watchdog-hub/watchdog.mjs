// A watchdog: sends a log line each second and a notification now and then, in the old protocol, and connects again for ever.
const { HUB = 'ws://127.0.0.1:7080/ws', TOKEN = '', EVERY_MS = '1000' } = process.env;
const KEEPALIVE_MS = 20_000;
let count = 0;

function connect() {
  const socket = new WebSocket(HUB);
  const send = (frame) => socket.send(JSON.stringify(frame));
  const timers = [];
  socket.addEventListener('open', () => send({ action: 'auth', token: TOKEN }));
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(data);
    if (!answer.success) console.log(`error: ${answer.action ?? ''}: ${answer.comment ?? 'refused'}`);
    if (answer.action !== 'auth' || !answer.success) return;
    console.log('connected');
    timers.push(setInterval(report, Number(EVERY_MS)), setInterval(() => send({ action: 'keepalive' }), KEEPALIVE_MS));
  });
  const report = () => {
    count++;
    const now = Date.now() / 1000;
    send({ action: 'uploadLogs', logs: [{ level: 30, time: now, sender: 'scan', message: `packet ${count}` }] });
    if (count % 5 === 0)
      send({
        action: 'uploadNotifications',
        notifications: [{ level: 20, time: now, sender: 'Device-Identification', message: `New device: {"id":${count}}` }],
      });
    console.log(`sent ${count}`);
  };
  socket.addEventListener('close', ({ code }) => {
    for (const timer of timers) clearInterval(timer);
    console.log(`connection closed (${code}); again in 2 s`);
    setTimeout(connect, 2000);
  });
  socket.addEventListener('error', () => {});
}

connect();
