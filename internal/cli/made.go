package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
)

// made is what a command has put on the disk so far.
type made []string

// remember notes a path that is about to be made, if there is nothing yet.
func (m *made) remember(path string) {
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		*m = append(*m, path)
	}
}

// folder makes a folder for its owner alone, with those above it. One that is there may hold other things, and stays as it is.
func (m *made) folder(path string) error {
	var missing []string
	for at := path; !exists(at); at = filepath.Dir(at) {
		missing = append(missing, at)
	}
	slices.Reverse(missing)
	*m = append(*m, missing...)
	return os.MkdirAll(path, 0o700)
}

// file makes a new file for its owner alone.
func (m *made) file(path string, data []byte) error {
	m.remember(path)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// undo removes what was made, the newest first. A folder that has got something else in it stays.
func (m *made) undo() {
	for _, path := range slices.Backward(*m) {
		_ = os.Remove(path)
	}
}
