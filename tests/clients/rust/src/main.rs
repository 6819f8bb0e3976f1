// QuestDB's Rust client, driven by tests/program/official_clients_test.py (which says how).
use questdb::ingress::{Buffer, Sender, TimestampMicros, TimestampNanos};
use std::io::BufRead;

const SECOND: i64 = 1_000_000_000;

fn second(n: i64) -> TimestampNanos {
    TimestampNanos::new((1_700_000_000 + n) * SECOND)
}

fn fill_types(buffer: &mut Buffer, table: &str, version: &str) -> questdb::Result<()> {
    buffer
        .table(table)?
        .symbol("host", "a")?
        .symbol("region", "eu west,1=x")?
        .column_i64("count", -9223372036854775807)?
        .column_f64("price", 0.1)?
        .column_bool("ok", true)?
        .column_str("note", "plain")?
        .column_ts("seen", TimestampMicros::new(1_700_000_000_123_456))?;
    if version != "1" {
        buffer.column_arr("array", &[[1.5f64, 2.5], [3.5, 4.5]])?;
    }
    buffer.at(second(0))?;
    buffer
        .table(table)?
        .symbol("host", "\u{e4}\u{4f60}\u{1f600}")?
        .column_i64("count", 9223372036854775807)?
        .column_f64("price", -1e300)?
        .column_bool("ok", false)?
        .column_str("note", "h\u{e9} \"quoted\" back\\slash\nline \u{1f600}")?
        .column_ts("seen", TimestampMicros::new(1))?
        .at(second(1))?;
    buffer.table(table)?.column_f64("price", 3.0)?.column_str("note", "")?.at(second(2))
}

fn fill(buffer: &mut Buffer, words: &[&str]) -> questdb::Result<()> {
    match words[0] {
        "types" => fill_types(buffer, words[1], words[2]),
        "row" => {
            let n: i64 = words[2].parse().expect("a number");
            buffer.table(words[1])?.column_i64("n", n)?.at(second(n))
        }
        "text" => buffer.table(words[1])?.column_str("n", "text")?.at(second(0)),
        "decimal" => buffer.table(words[1])?.column_dec("amount", "-123.456")?.at(second(0)),
        other => panic!("unknown command {other}"),
    }
}

fn run(sender: &mut Option<Sender>, words: &[&str]) -> questdb::Result<()> {
    if sender.is_none() {
        *sender = Some(Sender::from_conf(std::env::args().nth(1).expect("a configuration"))?);
    }
    let sender = sender.as_mut().expect("a sender");
    let mut buffer = sender.new_buffer();
    fill(&mut buffer, words)?;
    sender.flush(&mut buffer)
}

fn main() {
    let mut sender = None;
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let words: Vec<&str> = line.split_whitespace().collect();
        match run(&mut sender, &words) {
            Ok(()) => println!("ok"),
            Err(error) => {
                println!("error: {}", error.msg().split_whitespace().collect::<Vec<_>>().join(" "));
                sender = None;
            }
        }
    }
}
