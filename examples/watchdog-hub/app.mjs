// What a user's app does: reads the last logs, then shows notifications as they come. `TOKEN=$(cat anna.token) node app.mjs [SECONDS]`
const { HUB = 'ws://127.0.0.1:7080/ws', TOKEN = '' } = process.env;
const seconds = Number(process.argv[2] ?? Infinity);
const socket = new WebSocket(HUB);
const send = (frame) => socket.send(JSON.stringify(frame));

socket.addEventListener('open', () => send({ action: 'auth', token: TOKEN }));
socket.addEventListener('message', ({ data }) => {
  const frame = JSON.parse(data);
  if (frame.action === 'auth') {
    if (!frame.success) return console.log(`cannot come in: ${frame.comment}`);
    send({ action: 'getLogs', timewindow: 60 });
    setInterval(() => send({ action: 'ping' }), 20_000).unref();
  }
  if (frame.action === 'getLogs')
    for (const [sender, message, level] of frame.logs.slice(0, 5)) console.log(`log ${level} ${sender}: ${message}`);
  if (frame.action === 'uploadNotifications')
    for (const { sender, message } of frame.notifications) console.log(`notification of ${sender}: ${message}`);
});
socket.addEventListener('close', ({ code }) => {
  console.log(`closed (${code})`);
  process.exit();
});
if (Number.isFinite(seconds)) setTimeout(() => socket.close(), seconds * 1000);
