// Telegraf's outputs, driven by tests/program/telegraf_test.py (which says how): its own configuration loader, buffer and plugins.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/metric"
	"github.com/influxdata/telegraf/models"
	_ "github.com/influxdata/telegraf/plugins/outputs/influxdb"
	_ "github.com/influxdata/telegraf/plugins/outputs/influxdb_v2"
	_ "github.com/influxdata/telegraf/plugins/outputs/socket_writer"
	_ "github.com/influxdata/telegraf/plugins/serializers/influx"
)

const (
	flushInterval   = 20 * time.Millisecond
	flushSecondsMax = 60
)

type fields = map[string]interface{}
type tags = map[string]string

func second(n int64) time.Time { return time.Unix(1_700_000_000+n, 0) }

func addTypes(output *models.RunningOutput, table string) {
	output.AddMetricNoCopy(metric.New(table, tags{"host": "a", "region": "eu west,1=x"}, fields{
		"count": int64(-9223372036854775807), "total": uint64(18446744073709551615), "price": 0.1, "ok": true, "note": "plain",
	}, second(0).Add(123456*time.Microsecond)))
	output.AddMetricNoCopy(metric.New(table, tags{"host": "\u00e4\u4f60\U0001f600"}, fields{
		"count": int64(9223372036854775807), "total": uint64(7), "price": -1e300, "ok": false,
		"note": "h\u00e9 \"quoted\" back\\slash \U0001f600",
	}, second(1)))
	output.AddMetricNoCopy(metric.New(table, tags{"host": ""}, fields{"price": 3.0, "note": ""}, second(2)))
}

func add(output *models.RunningOutput, words []string) error {
	switch words[0] {
	case "types":
		addTypes(output, words[1])
	case "row":
		n, err := strconv.ParseInt(words[2], 10, 64)
		if err != nil {
			return err
		}
		output.AddMetricNoCopy(metric.New(words[1], nil, fields{"n": n}, second(n)))
	case "float":
		output.AddMetricNoCopy(metric.New(words[1], nil, fields{"n": 1.5}, second(0)))
	default:
		return fmt.Errorf("unknown command %q", words[0])
	}
	return nil
}

// Writes as the agent does: what failed stays in the buffer for the next flush, unless it was refused for good.
func flush(output *models.RunningOutput) (retries int, err error) {
	deadline := time.Now().Add(flushSecondsMax * time.Second)
	for {
		err = output.Write()
		if err == nil || output.BufferLength() == 0 || time.Now().After(deadline) {
			return retries, err
		}
		retries++
		time.Sleep(flushInterval)
	}
}

func connect(toml string) (*models.RunningOutput, error) {
	loaded := config.NewConfig()
	if err := loaded.LoadConfigData([]byte(toml), "telegraf.conf"); err != nil {
		return nil, err
	}
	if len(loaded.Outputs) != 1 {
		return nil, fmt.Errorf("%d outputs, not one", len(loaded.Outputs))
	}
	output := loaded.Outputs[0]
	if err := output.Init(); err != nil {
		return nil, err
	}
	return output, output.Connect()
}

func main() {
	output, err := connect(os.Args[1])
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		retries := 0
		err := add(output, strings.Fields(lines.Text()))
		if err == nil {
			retries, err = flush(output)
		}
		if err != nil {
			fmt.Println("error:", strings.Join(strings.Fields(err.Error()), " "))
		} else if retries != 0 {
			fmt.Println("ok after", retries)
		} else {
			fmt.Println("ok")
		}
	}
	output.Close()
}
