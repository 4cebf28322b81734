package figures

import (
	"fmt"
	"slices"
)

// Drift says in a sentence what grew in a long run: how things were in the second fifth of the time and in the last one, by their
// middle values. The first fifth is for filling caches.
func Drift(series []Point) string {
	fifth := len(series) / 5
	if fifth == 0 {
		return "too short to tell what grows"
	}
	early, late := series[fifth:2*fifth], series[len(series)-fifth:]
	text := ""
	for _, of := range []struct {
		name  string
		value func(Point) float64
	}{
		{"memory %.0f to %.0f MiB", func(p Point) float64 { return p.MemoryMiB }},
		{"goroutines %.0f to %.0f", func(p Point) float64 { return float64(p.Goroutines) }},
		{"open files %.0f to %.0f", func(p Point) float64 { return float64(p.Files) }},
		{"SQLite's log %.0f to %.0f MiB", func(p Point) float64 { return p.LogMiB }},
		{"the database with its history %.0f to %.0f MiB", func(p Point) float64 { return p.DatabaseMiB }},
	} {
		from, to := middle(early, of.value), middle(late, of.value)
		if from == 0 && to == 0 {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf(of.name, from, to)
	}
	return "from the second fifth of the time to the last: " + text
}

// middle is the median of what was read; 0 stands for what was not.
func middle(points []Point, value func(Point) float64) float64 {
	var read []float64
	for _, p := range points {
		if v := value(p); v != 0 {
			read = append(read, v)
		}
	}
	if len(read) == 0 {
		return 0
	}
	slices.Sort(read)
	return read[len(read)/2]
}
