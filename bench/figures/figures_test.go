package figures

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ramier/bench/proc"
)

var update = flag.Bool("update", false, "write the expected files anew")

// example has a value in every field.
func example() Report {
	whole := NewLatency([]int64{4000, 1000, 2500, 90_000})
	return Report{
		Format: Format, At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Version: "1.2.3", Commit: "abc",
		Machine: proc.Machine{CPU: "A CPU", Cores: 2, MemoryMiB: 24_000, Kernel: "6.1", Go: "go1.26", FileSystem: "ext4"},
		Results: []Result{
			{
				Scenario: "single", Platform: "ramier", Database: "postgres", Note: "a note", Connections: 64, Receivers: 1, Rate: 1000,
				Requests: 1201, Refused: 1, Refusal: "no", Accepted: 1200, Arrived: 1198, Recorded: 1197, Delivered: 1196,
				Seconds: 1.25, PerSecond: 12_345.6, AcceptedPerSecond: 23_456.7,
				Request: Latency{P50: 1.25, P99: 12.5, Max: 99.9}, Onward: Latency{P50: 0.5, P99: 2, Max: 3}, Whole: whole,
				CPU: CPU{Platform: 41.5, Load: 9.04, Simulator: 7, Database: 60}, MemoryMiB: 101.2,
				Lost: 2, Duplicated: 3, Unexpected: 4, Audit: []string{"sms-a-1 job 1: is wrong"},
				Series: []Point{{0, 0, 0, 0, 50, 9, 30, 1.5, 0.5}, {0.6, 600, 500, 400, 60, 9, 30, 2, 0.5}, {1.2, 1200, 1198, 1197, 70, 9, 30, 2.5, 0.5}},
			},
			{Scenario: "bulk", Platform: "kannel", Database: "memory", Delivered: -1, Accepted: 10},
			{Scenario: "old", Platform: "ramier", Database: "sqlite", Delivered: 5, Accepted: 5, Audit: []string{}},
		},
	}
}

// The JSON is read by others: a change that is not only a new field needs a new Format.
func TestTheJSONStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	if err := example().Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "results.json")
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("the JSON has changed (go test ./bench/figures -update writes it anew):\n%s", got)
	}
	again, err := Read(golden)
	if err != nil || again.Markdown() != example().Markdown() {
		t.Errorf("what is read is not what was written: %v", err)
	}
	if err := os.WriteFile(path, []byte(`{"format": 99}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "format 99") {
		t.Errorf("another format: %v", err)
	}
}

func TestTables(t *testing.T) {
	var b strings.Builder
	if err := example().Text(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"12,346", "23,457", "1.2", "A CPU: 2 cores, 24,000 MiB", "1 finding(s)", "clean", "single, ramier, postgres: a note"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, &b)
		}
	}
	markdown := example().Markdown()
	for _, want := range []string{
		"23 November 2026, 12:00 UTC with commit abc: A CPU, 2 cores",
		"| single | ramier | postgres | 1,200 | 12,346 | 23,457 | 1.2 | 13 | 0.5 | 2.0 | 4.0 | 90 | 90 |",
		"| single | ramier | postgres | 42 | 60 | 9.0 | 7.0 | 102 | 1 | 2 | 3 | 1 finding(s) |",
		"| bulk | kannel | memory | - | - | - | - | 0 | 0 | 0 | 0 | - |", "\n- single, ramier, postgres: a note\n",
	} {
		if !strings.Contains(markdown, want) {
			t.Errorf("%q is not in\n%s", want, markdown)
		}
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := Thousands(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
}

func TestLatency(t *testing.T) {
	if l := NewLatency(nil); l.P50 != 0 || l.Distribution != nil {
		t.Errorf("of nothing: %+v", l)
	}
	var times []int64
	for i := range 1000 {
		times = append(times, int64(1000-i)*1000)
	}
	l := NewLatency(times)
	if l.P50 != 501 || l.P99 != 991 || l.Max != 1000 || len(l.Distribution) != len(shares()) || l.Distribution[0] != 1 {
		t.Errorf("%+v", l)
	}
}

func TestWrongIsAllButSpeed(t *testing.T) {
	r := example().Results
	if got := len(r[0].Wrong()); got != 6 {
		t.Errorf("%d things are wrong, want 6: %q", got, r[0].Wrong())
	}
	for _, one := range r[1:] {
		if wrong := one.Wrong(); len(wrong) > 0 {
			t.Errorf("%s: %q", one.Scenario, wrong)
		}
	}
}

func TestDrift(t *testing.T) {
	var series []Point
	for i := range 100 {
		p := Point{At: float64(i), MemoryMiB: 60, Files: 12}
		if i%20 == 0 {
			p.Goroutines, p.DatabaseMiB = 40, float64(i)
		}
		series = append(series, p)
	}
	want := "from the second fifth of the time to the last: memory 60 to 60 MiB, goroutines 40 to 40, open files 12 to 12, the database with its history 20 to 80 MiB"
	if got := Drift(series); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Drift(series[:4]); !strings.Contains(got, "too short") {
		t.Errorf("of four points: %q", got)
	}
}

func TestThePictureIsOne(t *testing.T) {
	r := example()
	r.Results[0].Scenario = "a <b> & c"
	soak := r.Results[0]
	soak.Scenario = "soak"
	r.Results = append(r.Results, soak)
	texts, lines, panels := parts(t, r.SVG())
	for _, want := range []string{"Complete messages a second", "milliseconds", "Memory during the soak", "a <b> & c, ramier, postgres", "seconds since the first request", "100"} {
		if !strings.Contains(texts, want) {
			t.Errorf("%q is not in it: %s", want, texts)
		}
	}
	if lines != 4 || panels != 3 { // throughput, two distributions, memory
		t.Errorf("%d lines on %d axes, want 4 on 3", lines, panels)
	}
	if texts, lines, _ = parts(t, Report{}.SVG()); lines != 0 || !strings.Contains(texts, "nothing measured") {
		t.Errorf("without results: %d lines, %s", lines, texts)
	}
}

// parts reads a picture: its texts, how many lines it has, and how many axes.
func parts(t *testing.T, svg string) (texts string, lines, axes int) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts, lines, axes
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		switch v := token.(type) {
		case xml.CharData:
			texts += string(v)
		case xml.StartElement:
			for _, a := range v.Attr {
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("%s has %s=%q", v.Name.Local, a.Name.Local, a.Value)
				}
				if a.Name.Local == "stroke" && a.Value == "#333" {
					axes++
				}
			}
			if v.Name.Local == "polyline" {
				lines++
			}
		}
	}
}

func TestAxesHaveRoomAndRoundTicks(t *testing.T) {
	for _, most := range []float64{0, 0.7, 1, 3, 9, 10, 47, 1999, 2000, 12_345, 99_999} {
		a := linear(most)
		if a.to < most || len(a.ticks) < 3 || len(a.ticks) > 12 || a.ticks[len(a.ticks)-1] != a.to {
			t.Errorf("up to %v: %+v", most, a)
		}
	}
	x, _ := chart{logarithmic: true, lines: []line{{points: [][2]float64{{0.3, 1}, {250, 2}}}}}.axes()
	if x.from != 0.1 || math.Abs(x.to-1000) > 1e-9 || len(x.ticks) != 5 || x.share(10) != 0.5 {
		t.Errorf("from 0.3 to 250: %+v, 10 at %v", x, x.share(10))
	}
}
