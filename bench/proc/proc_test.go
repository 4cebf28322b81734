package proc

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestStat(t *testing.T) {
	s, err := parseStat("4211 (a) b (c)) S 17 4211 4211 34816 4 4194304 100 0 0 0 250 50 30 20 20 0 8 0 123 456 789")
	if err != nil || s.parent != 17 || s.cpu != 3*time.Second || s.ended != 500*time.Millisecond {
		t.Errorf("%+v, %v", s, err)
	}
	for _, text := range []string{"", "1 (a) S 1 2", "no brackets here at all 1 2 3 4 5 6 7 8 9 10 11 12 13"} {
		if s, err := parseStat(text); err == nil {
			t.Errorf("%q is read as %+v", text, s)
		}
	}
}

func TestThisProcess(t *testing.T) {
	busy := time.Now()
	for n := 0; time.Since(busy) < 50*time.Millisecond; n++ {
		_ = n
	}
	u := Of(os.Getpid())
	if u.Processes != 1 || u.CPU < tick || u.Resident < 1<<20 || u.Peak < u.Resident || u.Files < 3 {
		t.Errorf("this process uses %+v", u)
	}
	if u := Of(1 << 30); u != (Usage{}) {
		t.Errorf("nobody uses %+v", u)
	}
}

func TestAProcessWithItsChildren(t *testing.T) {
	child := exec.CommandContext(t.Context(), "cat")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if parent, err := Parent(child.Process.Pid); err != nil || parent != os.Getpid() {
		t.Errorf("the parent is %d, %v; want %d", parent, err, os.Getpid())
	}
	if u := Tree(os.Getpid()); u.Processes < 2 {
		t.Errorf("%+v without the child", u)
	}
	_ = in.Close()
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}

func TestThisMachine(t *testing.T) {
	m := ThisMachine(t.TempDir())
	if m.CPU == "" || m.Cores < 1 || m.MemoryMiB < 100 || m.Kernel == "" || m.Go == "" || m.FileSystem == "" {
		t.Errorf("%+v", m)
	}
}
