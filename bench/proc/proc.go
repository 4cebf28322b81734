// Package proc reads what processes of this machine use, from /proc.
package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Usage is what processes use together.
type Usage struct {
	CPU       time.Duration // since they were started, in steps of 10 ms
	Resident  int64         // octets of memory now
	Peak      int64         // octets, the most there were; of several processes, the sum
	Files     int           // open ones; 0 when they may not be seen
	Processes int
}

// tick is the unit of /proc/PID/stat, the same on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// Of adds up what some processes use. One that is gone counts for nothing.
func Of(pids ...int) Usage {
	var u Usage
	for _, pid := range pids {
		s, err := read(pid)
		if err != nil {
			continue
		}
		u.Processes++
		u.CPU += s.cpu
		u.Resident += s.resident
		u.Peak += s.peak
		if files, err := os.ReadDir(folder(pid, "fd")); err == nil {
			u.Files += len(files)
		}
	}
	return u
}

// Tree adds up what a process uses and its children, those that have ended included.
func Tree(pid int) Usage {
	u := Of(append(children(pid), pid)...)
	if s, err := read(pid); err == nil {
		u.CPU += s.ended
	}
	return u
}

// Parent gives the process that started one.
func Parent(pid int) (int, error) {
	s, err := read(pid)
	return s.parent, err
}

type status struct {
	cpu, ended     time.Duration // its own; that of children which have ended
	parent         int
	resident, peak int64
}

func folder(pid int, name string) string { return "/proc/" + strconv.Itoa(pid) + "/" + name }

func read(pid int) (status, error) {
	text, err := os.ReadFile(folder(pid, "stat"))
	if err != nil {
		return status{}, err
	}
	s, err := parseStat(string(text))
	if err != nil {
		return s, err
	}
	text, err = os.ReadFile(folder(pid, "status"))
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "VmHWM":
			s.peak = kilobytes(value)
		case "VmRSS":
			s.resident = kilobytes(value)
		}
	}
	return s, err
}

// parseStat reads /proc/PID/stat. The name of the program is in brackets and may hold anything.
func parseStat(text string) (status, error) {
	at := strings.LastIndexByte(text, ')')
	fields := strings.Fields(text[at+1:])
	if at < 0 || len(fields) < 15 {
		return status{}, fmt.Errorf("%q is not what /proc/PID/stat says", text)
	}
	number := func(i int) int64 {
		n, _ := strconv.ParseInt(fields[i], 10, 64) // the kernel writes numbers
		return n
	}
	return status{
		parent: int(number(1)),
		cpu:    time.Duration(number(11)+number(12)) * tick,
		ended:  time.Duration(number(13)+number(14)) * tick,
	}, nil
}

func kilobytes(text string) int64 {
	n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
	return n << 10
}

// children gives the processes that a process has started and that still run.
func children(pid int) []int {
	all, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var found []int
	for _, entry := range all {
		child, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if parent, err := Parent(child); err == nil && parent == pid {
			found = append(found, child)
		}
	}
	return found
}
