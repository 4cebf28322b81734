//go:build !linux

package bench

import "syscall"

// attached has nothing to add where the system cannot tie a child to its parent.
func attached() *syscall.SysProcAttr { return nil }
