package store

import (
	"fmt"
	"os"
	"syscall"
)

// lockFile keeps other processes away from a SQLite database for as long as this one has it open.
func lockFile(path string) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("another ramier uses this database already (lock %s): stop it, or give another folder", path)
	}
	return func() { _ = f.Close() }, nil
}
