package proc

import (
	"iter"
	"os"
	"runtime"
	"strings"
)

// Machine is where something was measured.
type Machine struct {
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"`
	MemoryMiB  int64  `json:"memoryMiB"`
	Kernel     string `json:"kernel"`
	Go         string `json:"go"`
	FileSystem string `json:"fileSystem,omitempty"` // where the database's files are
}

// ThisMachine describes it. The folder is where the database's files will be.
func ThisMachine(folder string) Machine {
	m := Machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version(), FileSystem: fileSystem(folder)}
	for line := range lines("/proc/cpuinfo") {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			m.CPU = strings.TrimSpace(value)
			break
		}
	}
	for line := range lines("/proc/meminfo") {
		if name, value, _ := strings.Cut(line, ":"); name == "MemTotal" {
			m.MemoryMiB = kilobytes(strings.TrimSpace(value)) >> 20
		}
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(text))
	}
	return m
}

func lines(path string) iter.Seq[string] {
	text, _ := os.ReadFile(path) // what cannot be read says nothing
	return strings.Lines(string(text))
}

// fileSystem names the kind of file system that a folder is on, by the longest mount point that leads to it.
func fileSystem(folder string) string {
	kind, longest := "", -1
	for line := range lines("/proc/self/mounts") {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			continue
		}
		at := strings.TrimSuffix(fields[1], "/")
		if (folder == at || strings.HasPrefix(folder, at+"/")) && len(at) >= longest {
			kind, longest = fields[2], len(at)
		}
	}
	return kind
}
