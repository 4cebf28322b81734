package figures

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// A column of a table: its heading and what it shows of a result.
type column struct {
	head string
	cell func(Result) string
}

// The columns, in two tables, since one would be too wide.
var (
	names = []column{
		{"scenario", func(r Result) string { return r.Scenario }},
		{"platform", func(r Result) string { return r.Platform }},
		{"database", func(r Result) string { return r.Database }},
	}
	speed = []column{
		{"messages", func(r Result) string { return Thousands(r.Accepted) }},
		{"complete/s", func(r Result) string {
			if r.PerSecond == 0 {
				return "-"
			}
			return thousands(r.PerSecond)
		}},
		{"accepted/s", func(r Result) string { return thousands(r.AcceptedPerSecond) }},
		{"answer p50", func(r Result) string { return millis(r.Request.P50) }},
		{"p99", func(r Result) string { return millis(r.Request.P99) }},
		{"answer to arrival p50", func(r Result) string { return millis(r.Onward.P50) }},
		{"p99", func(r Result) string { return millis(r.Onward.P99) }},
		{"request to arrival p50", func(r Result) string { return millis(r.Whole.P50) }},
		{"p99", func(r Result) string { return millis(r.Whole.P99) }},
		{"max", func(r Result) string { return millis(r.Whole.Max) }},
	}
	cost = []column{
		{"platform µs", func(r Result) string { return micros(r.CPU.Platform) }},
		{"database µs", func(r Result) string { return micros(r.CPU.Database) }},
		{"load µs", func(r Result) string { return micros(r.CPU.Load) }},
		{"simulator µs", func(r Result) string { return micros(r.CPU.Simulator) }},
		{"memory MiB", func(r Result) string { return thousands(math.Ceil(r.MemoryMiB)) }},
		{"refused", func(r Result) string { return strconv.Itoa(r.Refused) }},
		{"lost", func(r Result) string { return strconv.Itoa(r.Lost) }},
		{"doubled", func(r Result) string { return strconv.Itoa(r.Duplicated) }},
		{"audit", func(r Result) string {
			switch {
			case r.Audit == nil:
				return "-"
			case len(r.Audit) == 0:
				return "clean"
			}
			return strconv.Itoa(len(r.Audit)) + " finding(s)"
		}},
	}
)

// Text writes the tables for a terminal.
func (r Report) Text(out io.Writer) error {
	m := r.Machine
	fmt.Fprintf(out, "\n%s: %d cores, %s MiB, Linux %s, %s, files on %s\nTimes in ms, CPU in µs a message.\n\n", m.CPU, m.Cores, thousands(float64(m.MemoryMiB)), m.Kernel, m.Go, m.FileSystem)
	for _, columns := range [][]column{speed, cost} {
		w := tabwriter.NewWriter(out, 0, 4, 2, ' ', tabwriter.AlignRight)
		all := append(append([]column{}, names...), columns...)
		for _, c := range all {
			fmt.Fprint(w, c.head+"\t")
		}
		fmt.Fprintln(w)
		for _, one := range r.Results {
			for _, c := range all {
				fmt.Fprint(w, c.cell(one)+"\t")
			}
			fmt.Fprintln(w)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	for _, one := range r.Results {
		if one.Note != "" {
			fmt.Fprintf(out, "%s: %s\n", one.Name(), one.Note)
		}
	}
	return nil
}

// Markdown writes the same for the documentation.
func (r Report) Markdown() string {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "Measured on %s with %s: %s, %d cores, %s MiB, Linux %s, %s, files on %s.\n", r.At.UTC().Format("2 January 2006, 15:04 UTC"),
		commitWords(r), m.CPU, m.Cores, thousands(float64(m.MemoryMiB)), m.Kernel, m.Go, m.FileSystem)
	for _, columns := range [][]column{speed, cost} {
		b.WriteString("\n|")
		all := append(append([]column{}, names...), columns...)
		for _, c := range all {
			b.WriteString(" " + c.head + " |")
		}
		b.WriteString("\n|" + strings.Repeat("---|", len(names)) + strings.Repeat("---:|", len(columns)) + "\n")
		for _, one := range r.Results {
			b.WriteString("|")
			for _, c := range all {
				b.WriteString(" " + c.cell(one) + " |")
			}
			b.WriteString("\n")
		}
	}
	first := true
	for _, one := range r.Results {
		if one.Note != "" {
			if first {
				b.WriteString("\n")
			}
			first = false
			fmt.Fprintf(&b, "- %s: %s\n", one.Name(), one.Note)
		}
	}
	return b.String()
}

func commitWords(r Report) string {
	if r.Commit == "" {
		return "version " + r.Version
	}
	return "commit " + r.Commit
}

// Thousands writes a number with commas: 12,345.
func Thousands(n int) string { return thousands(float64(n)) }

// thousands writes a whole number with commas: 12,345.
func thousands(n float64) string {
	text := strconv.FormatInt(int64(math.Round(n)), 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// millis writes milliseconds: two digits that count below ten, none behind the comma above.
func millis(n float64) string {
	if n < 10 {
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	return thousands(n)
}

func micros(n float64) string {
	if n == 0 {
		return "-"
	}
	return millis(n)
}

// The marks between which Splice writes.
const (
	startMark = "<!-- figures: written by `ramier bench report`, do not edit -->"
	endMark   = "<!-- end of figures -->"
)

// Splice puts the tables between the marks of a page.
func (r Report) Splice(page string) (string, error) {
	before, rest, ok := strings.Cut(page, startMark)
	_, after, closed := strings.Cut(rest, endMark)
	if !ok || !closed {
		return "", fmt.Errorf("the page has no lines %q and %q to write between", startMark, endMark)
	}
	return before + startMark + "\n\n" + r.Markdown() + "\n" + endMark + after, nil
}
