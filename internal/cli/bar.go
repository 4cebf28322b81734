package cli

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/schollz/progressbar/v3"
)

// bar shows how a benchmark goes on: as a bar on a terminal, elsewhere as a line for each stage.
type bar struct {
	out      io.Writer
	terminal bool
	mu       sync.Mutex
	stage    string
	bar      *progressbar.ProgressBar
}

func newBar(out io.Writer) *bar {
	b := &bar{out: out}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		b.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return b
}

// Stage says what happens now.
func (b *bar) Stage(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	b.stage = text
	fmt.Fprintln(b.out, text)
}

// Load moves the bar.
func (b *bar) Load(recorded, total int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.terminal {
		return
	}
	if b.bar == nil {
		if total == 0 {
			total = -1
		}
		b.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(b.out), progressbar.OptionSetWidth(40), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString("messages"), progressbar.OptionClearOnFinish())
	}
	_ = b.bar.Set(recorded) // a picture only
}

// clear takes the bar away. The caller holds mu.
func (b *bar) clear() {
	if b.bar != nil {
		_ = b.bar.Clear() // a picture only
		b.bar = nil
	}
}

func (b *bar) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
}
