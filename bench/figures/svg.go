package figures

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// A line of a chart.
type line struct {
	name   string
	style  string // the same in each chart
	points [][2]float64
}

// A chart has a horizontal axis of time, logarithmic or not, and a vertical one from 0 on.
type chart struct {
	title, across, up string
	logarithmic       bool
	lines             []line
}

// Sizes in pixels.
const (
	chartWidth   = 620
	chartHeight  = 280
	marginLeft   = 80
	marginTop    = 44
	marginBottom = 56
	legendWidth  = 260
	pictureWidth = marginLeft + chartWidth + legendWidth
	panelHeight  = marginTop + chartHeight + marginBottom
	legendStep   = 18
)

// colours can be told apart by most people; dashes tell lines beyond them apart.
var colours = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444", "#9467bd"}

// SVG draws the throughput over time, and how long messages took to the simulator. With a soak it draws its memory too.
func (r Report) SVG() string {
	through := chart{title: "Complete messages a second", across: "seconds since the first request", up: "messages/s"}
	took := chart{title: "From sending the request to arrival at the simulator", across: "milliseconds", up: "% of the messages", logarithmic: true}
	memory := chart{title: "Memory during the soak", across: "seconds since the first request", up: "MiB"}
	for i, one := range r.Results {
		style, soak := lineStyle(i), one.Scenario == "soak"
		if soak {
			memory.lines = append(memory.lines, line{one.Name(), style, resident(one.Series)})
		} else if points := throughput(one.Series); len(points) > 1 {
			through.lines = append(through.lines, line{one.Name(), style, points})
		}
		if len(one.Whole.Distribution) > 0 {
			took.lines = append(took.lines, line{one.Name(), style, distribution(one.Whole)})
		}
	}
	charts := []chart{through, took}
	if len(memory.lines) > 0 {
		charts = append(charts, memory)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" role="img" aria-label="Results of ramier bench">`+"\n",
		pictureWidth, panelHeight*len(charts))
	b.WriteString(`<rect width="100%" height="100%" fill="white"/>` + "\n")
	for i, c := range charts {
		c.draw(&b, i*panelHeight)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func lineStyle(i int) string {
	style := `fill="none" stroke="` + colours[i%len(colours)] + `" stroke-width="2"`
	if i >= len(colours) {
		style += ` stroke-dasharray="6 3"`
	}
	return style
}

// throughput takes the receipts of about half a second together.
func throughput(series []Point) [][2]float64 {
	const span = 0.5
	var points [][2]float64
	for i, from := 0, 0; i < len(series); i++ {
		took := series[i].At - series[from].At
		if took < span {
			continue
		}
		rate := float64(series[i].Recorded-series[from].Recorded) / took
		points = append(points, [2]float64{(series[i].At + series[from].At) / 2, rate})
		from = i
	}
	return points
}

func resident(series []Point) [][2]float64 {
	points := make([][2]float64, len(series))
	for i, p := range series {
		points[i] = [2]float64{p.At, p.MemoryMiB}
	}
	return points
}

// distribution leaves out what is below a tenth of a millisecond, which a logarithmic axis cannot show.
func distribution(l Latency) [][2]float64 {
	var points [][2]float64
	for i, share := range shares() {
		if i < len(l.Distribution) {
			points = append(points, [2]float64{max(l.Distribution[i], 0.1), share * 100})
		}
	}
	return points
}

func (c chart) draw(b *strings.Builder, top int) {
	left, bottom := marginLeft, top+marginTop+chartHeight
	fmt.Fprintf(b, `<text x="%d" y="%d" font-size="15" font-weight="bold">%s</text>`+"\n", left, top+24, html.EscapeString(c.title))
	if len(c.lines) == 0 {
		fmt.Fprintf(b, `<text x="%d" y="%d">nothing measured</text>`+"\n", left, top+60)
		return
	}
	x, y := c.axes()
	place := func(p [2]float64) (float64, float64) {
		return float64(left) + x.share(p[0])*chartWidth, float64(bottom) - y.share(p[1])*chartHeight
	}
	for _, at := range y.ticks {
		_, py := place([2]float64{x.from, at})
		fmt.Fprintf(b, `<path d="M%d %.1fh%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", left, py, chartWidth, left-6, py+4, tickText(at))
	}
	for _, at := range x.ticks {
		px, _ := place([2]float64{at, 0})
		fmt.Fprintf(b, `<path d="M%.1f %dv%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", px, bottom, -chartHeight, px, bottom+18, tickText(at))
	}
	fmt.Fprintf(b, `<path d="M%d %dv%dh%d" fill="none" stroke="#333"/>`+"\n", left, bottom-chartHeight, chartHeight, chartWidth)
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", left+chartWidth/2, bottom+38, html.EscapeString(c.across))
	fmt.Fprintf(b, `<text transform="translate(%d %d) rotate(-90)" text-anchor="middle">%s</text>`+"\n", 16, bottom-chartHeight/2, html.EscapeString(c.up))
	for i, l := range c.lines {
		b.WriteString(`<polyline ` + l.style + ` points="`)
		for _, p := range l.points {
			px, py := place(p)
			fmt.Fprintf(b, "%.1f,%.1f ", px, py)
		}
		b.WriteString(`"/>` + "\n")
		at := top + marginTop + 6 + i*legendStep
		fmt.Fprintf(b, `<path d="M%d %dh22" %s/><text x="%d" y="%d">%s</text>`+"\n", left+chartWidth+16, at, l.style, left+chartWidth+44, at+4, html.EscapeString(l.name))
	}
}

// An axis maps values to shares of its length.
type axis struct {
	from, to    float64
	logarithmic bool
	ticks       []float64
}

func (a axis) share(v float64) float64 {
	if a.logarithmic {
		return math.Log(v/a.from) / math.Log(a.to/a.from)
	}
	return (v - a.from) / (a.to - a.from)
}

// axes find room for all lines.
func (c chart) axes() (x, y axis) {
	least, right, high := math.Inf(1), 0.0, 0.0
	for _, l := range c.lines {
		for _, p := range l.points {
			least, right, high = min(least, p[0]), max(right, p[0]), max(high, p[1])
		}
	}
	y = linear(high)
	if !c.logarithmic {
		return linear(right), y
	}
	x = axis{from: math.Pow(10, math.Floor(math.Log10(least))), to: math.Pow(10, math.Ceil(math.Log10(right))), logarithmic: true}
	if x.to <= x.from {
		x.to = 10 * x.from
	}
	for at := x.from; at <= x.to*1.001; at *= 10 {
		x.ticks = append(x.ticks, at)
	}
	return x, y
}

// linear is an axis from 0 with four to ten round ticks.
func linear(most float64) axis {
	if most <= 0 {
		most = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(most)))
	switch {
	case most/step < 2:
		step /= 5
	case most/step < 5:
		step /= 2
	}
	a := axis{to: math.Ceil(most/step) * step}
	for i := range int(math.Round(a.to/step)) + 1 {
		a.ticks = append(a.ticks, float64(i)*step)
	}
	return a
}

func tickText(v float64) string {
	if v >= 1000 {
		return thousands(v)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
