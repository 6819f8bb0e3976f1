// QuestDB's Go client, driven by tests/program/official_clients_test.py (which says how).
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	questdb "github.com/questdb/go-questdb-client/v4"
)

func second(n int64) time.Time { return time.Unix(1_700_000_000+n, 0) }

func sendTypes(ctx context.Context, sender questdb.LineSender, table string, version string) error {
	row := sender.Table(table).Symbol("host", "a").Symbol("region", "eu west,1=x").
		Int64Column("count", -9223372036854775807).Float64Column("price", 0.1).BoolColumn("ok", true).
		StringColumn("note", "plain").TimestampColumn("seen", time.UnixMicro(1_700_000_000_123_456))
	if version != "1" {
		row = row.Float64Array2DColumn("array", [][]float64{{1.5, 2.5}, {3.5, 4.5}})
	}
	if err := row.At(ctx, second(0)); err != nil {
		return err
	}
	if err := sender.Table(table).Symbol("host", "\u00e4\u4f60\U0001f600").
		Int64Column("count", 9223372036854775807).Float64Column("price", -1e300).BoolColumn("ok", false).
		StringColumn("note", "h\u00e9 \"quoted\" back\\slash\nline \U0001f600").TimestampColumn("seen", time.UnixMicro(1)).
		At(ctx, second(1)); err != nil {
		return err
	}
	if err := sender.Table(table).Float64Column("price", 3.0).StringColumn("note", "").At(ctx, second(2)); err != nil {
		return err
	}
	return sender.Flush(ctx)
}

func sendRow(ctx context.Context, sender questdb.LineSender, table string, number string) error {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return err
	}
	if err := sender.Table(table).Int64Column("n", n).At(ctx, second(n)); err != nil {
		return err
	}
	return sender.Flush(ctx)
}

func sendText(ctx context.Context, sender questdb.LineSender, table string) error {
	if err := sender.Table(table).StringColumn("n", "text").At(ctx, second(0)); err != nil {
		return err
	}
	return sender.Flush(ctx)
}

func sendDecimal(ctx context.Context, sender questdb.LineSender, table string) error {
	if err := sender.Table(table).DecimalColumnFromString("amount", "-123.456").At(ctx, second(0)); err != nil {
		return err
	}
	return sender.Flush(ctx)
}

func run(ctx context.Context, sender questdb.LineSender, words []string) error {
	switch words[0] {
	case "types":
		return sendTypes(ctx, sender, words[1], words[2])
	case "row":
		return sendRow(ctx, sender, words[1], words[2])
	case "text":
		return sendText(ctx, sender, words[1])
	case "decimal":
		return sendDecimal(ctx, sender, words[1])
	}
	return fmt.Errorf("unknown command %q", words[0])
}

func main() {
	ctx := context.Background()
	var sender questdb.LineSender
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var err error
		if sender == nil {
			sender, err = questdb.LineSenderFromConf(ctx, os.Args[1])
		}
		if err == nil {
			err = run(ctx, sender, strings.Fields(lines.Text()))
		}
		if err == nil {
			fmt.Println("ok")
			continue
		}
		fmt.Println("error:", strings.Join(strings.Fields(err.Error()), " "))
		if sender != nil {
			sender.Close(ctx)
		}
		sender = nil
	}
	if sender != nil {
		sender.Close(ctx)
	}
}
