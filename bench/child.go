package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Program is how ramier itself is started.
type Program struct {
	Path string
	Args []string // before those of the command
	Env  []string // beside those of this process
}

// A child is a process of ours. What it writes is kept in a file.
type child struct {
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error
	stop sync.Once
}

// startPatience is how long a process may take until it is ready.
const startPatience = time.Minute

// startChild starts a program and waits until it has written what the pattern says, whose groups it gives. Without a pattern
// it does not wait.
func startChild(ctx context.Context, name, dir string, p Program, ready *regexp.Regexp, args ...string) (*child, []string, error) {
	c := &child{name: name, log: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	file, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	c.cmd = exec.Command(p.Path, append(append([]string{}, p.Args...), args...)...) //nolint:gosec,noctx // it is ended in good order
	c.cmd.Env = append(os.Environ(), p.Env...)
	c.cmd.Stdout, c.cmd.Stderr = in, in
	c.cmd.Dir = dir
	c.cmd.SysProcAttr = attached()
	err = c.cmd.Start()
	_ = in.Close()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("starting %s: %w", name, err), out.Close(), file.Close())
	}
	found := make(chan []string, 1)
	var reading sync.WaitGroup
	reading.Go(func() { watch(out, file, ready, found) })
	go func() {
		c.err = c.cmd.Wait()
		reading.Wait()
		close(c.done)
	}()
	if ready == nil {
		return c, nil, nil
	}
	timeout := time.NewTimer(startPatience)
	defer timeout.Stop()
	select {
	case groups := <-found:
		return c, groups, nil
	case <-c.done:
		return nil, nil, fmt.Errorf("%s ended at once (%w):\n%s", name, c.err, c.tail())
	case <-timeout.C:
		c.end(time.Second)
		return nil, nil, fmt.Errorf("%s was not ready within %v:\n%s", name, startPatience, c.tail())
	case <-ctx.Done():
		c.end(time.Second)
		return nil, nil, ctx.Err()
	}
}

// watch keeps what is written, and looks for a pattern until it is found.
func watch(from io.ReadCloser, file io.WriteCloser, ready *regexp.Regexp, found chan<- []string) {
	defer from.Close()
	defer file.Close()
	r := bufio.NewReader(from)
	var seen strings.Builder
	for {
		line, err := r.ReadString('\n')
		_, _ = io.WriteString(file, line) // a log for people
		if ready != nil {
			seen.WriteString(line)
			if groups := ready.FindStringSubmatch(seen.String()); groups != nil {
				found <- groups
				ready = nil
			}
		}
		if err != nil {
			return
		}
	}
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// end asks the process to end, and makes it if it does not in time.
func (c *child) end(patience time.Duration) {
	c.stop.Do(func() {
		_ = c.cmd.Process.Signal(syscall.SIGTERM)
		timeout := time.NewTimer(patience)
		defer timeout.Stop()
		select {
		case <-c.done:
		case <-timeout.C:
			_ = c.cmd.Process.Kill()
			<-c.done
		}
	})
}

// ended tells whether the process is gone.
func (c *child) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// tail is the end of what it wrote.
func (c *child) tail() string {
	text, _ := os.ReadFile(c.log)
	return string(text[max(len(text)-2000, 0):])
}
