// QuestDB's Node.js client, driven by tests/program/official_clients_test.py (which says how).
"use strict";

const readline = require("node:readline");
const { Sender } = require("@questdb/nodejs-client");

const SECOND = 1_000_000_000n;

async function sendTypes(sender, table, version) {
  sender.table(table).symbol("host", "a").symbol("region", "eu west,1=x")
    .intColumn("count", -9007199254740991).floatColumn("price", 0.1).booleanColumn("ok", true)
    .stringColumn("note", "plain").timestampColumn("seen", 1_700_000_000_123_456n, "us");
  if (Number(version) >= 2) sender.arrayColumn("array", [[1.5, 2.5], [3.5, 4.5]]);
  await sender.at(1_700_000_000n * SECOND, "ns");
  await sender.table(table).symbol("host", "\u00e4\u4f60\u{1f600}")
    .intColumn("count", 9007199254740991).floatColumn("price", -1e300).booleanColumn("ok", false)
    .stringColumn("note", "h\u00e9 \"quoted\" back\\slash\nline \u{1f600}").timestampColumn("seen", 1n, "us")
    .at(1_700_000_001n * SECOND, "ns");
  await sender.table(table).floatColumn("price", 3.0).stringColumn("note", "").at(1_700_000_002n * SECOND, "ns");
  await sender.flush();
}

async function sendRow(sender, table, number) {
  await sender.table(table).intColumn("n", Number(number)).at((1_700_000_000n + BigInt(number)) * SECOND, "ns");
  await sender.flush();
}

async function sendText(sender, table) {
  await sender.table(table).stringColumn("n", "text").at(1_700_000_000n * SECOND, "ns");
  await sender.flush();
}

async function sendDecimal(sender, table) {
  await sender.table(table).decimalColumnText("amount", "-123.456").at(1_700_000_000n * SECOND, "ns");
  await sender.flush();
}

const commands = { types: sendTypes, row: sendRow, text: sendText, decimal: sendDecimal };

async function main() {
  const configuration = process.argv[2];
  let sender = null;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [command, ...parameters] = line.split(" ");
    try {
      if (!sender) {
        sender = await Sender.fromConfig(configuration, { log: (level, message) => level === "error" && console.error(message) });
        if (configuration.startsWith("tcp")) await sender.connect();
      }
      await commands[command](sender, ...parameters);
      console.log("ok");
    } catch (error) {
      console.log("error:", String(error.message || error).replace(/\s+/g, " "));
      if (sender) await sender.close().catch(() => {});
      sender = null;
    }
  }
  if (sender) await sender.close();
}

main();
