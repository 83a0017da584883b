console.log(new Date().toISOString());
setInterval(() => console.log(new Date().toISOString()), 1000 * Number(process.env.EVERY_S));
