package bench

import "syscall"

// attached makes a child end when this process is killed.
func attached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
