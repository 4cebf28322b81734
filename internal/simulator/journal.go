package simulator

import (
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"sync"
)

// A journal keeps in a file what the operator must not forget when its process is killed: a line of JSON for each thing
// that happened. What a client is answered about is written before the answer, all else as soon as possible. Nothing is
// synced: the process may be killed, the machine not.
type journal struct {
	log  *slog.Logger
	more chan struct{} // wakes the one who writes

	mu      sync.Mutex
	file    *os.File // nil after the end
	size    int64    // of what is known to be written
	torn    bool     // there may be something behind it
	failing bool
	lines   []byte // to be written
}

// keepLines is the largest memory for lines that is used again.
const keepLines = 1 << 20

// add lets a record be written soon.
func (j *journal) add(r record) {
	line := r.line()
	j.mu.Lock()
	j.lines = append(j.lines, line...)
	j.mu.Unlock()
	select {
	case j.more <- struct{}{}:
	default:
	}
}

// put writes a record, behind those that wait for it. If that fails, there is no such record.
func (j *journal) put(r record) error {
	line := r.line()
	j.mu.Lock()
	defer j.mu.Unlock()
	before := len(j.lines)
	j.lines = append(j.lines, line...)
	err := j.write()
	if err != nil {
		j.lines = j.lines[:before]
	}
	return err
}

// flush writes what waits for it; what cannot be written waits on.
func (j *journal) flush() {
	j.mu.Lock()
	defer j.mu.Unlock()
	_ = j.write() // is logged
}

// write writes all lines at once. Half a line that an earlier attempt left is removed before. The caller holds mu.
func (j *journal) write() error {
	err := os.ErrClosed
	if j.file != nil {
		err = j.writeTo(j.file)
	}
	if err != nil && !j.failing && j.file != nil {
		j.log.Error("the operator's journal cannot be written: messages are refused until it can", "error", err)
	}
	j.failing = err != nil
	return err
}

func (j *journal) writeTo(f *os.File) error {
	if j.torn {
		if err := f.Truncate(j.size); err != nil {
			return err
		}
		j.torn = false
	}
	if len(j.lines) == 0 {
		return nil
	}
	if _, err := f.WriteAt(j.lines, j.size); err != nil {
		j.torn = true
		return err
	}
	j.size += int64(len(j.lines))
	if j.lines = j.lines[:0]; cap(j.lines) > keepLines {
		j.lines = nil
	}
	return nil
}

// restart forgets all but one record.
func (j *journal) restart(r record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines[:0], r.line()...)
	j.size, j.torn = 0, true
	_ = j.write() // is logged
}

// keepWriting writes what was added, until the end.
func (s *Simulator) keepWriting() {
	for {
		select {
		case <-s.journal.more:
			s.journal.flush()
		case <-s.alive.Done():
			return
		}
	}
}

// close writes what is left, and ends.
func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	err := j.write()
	if other := j.file.Close(); err == nil {
		err = other
	}
	j.file, j.lines = nil, nil
	return err
}

// openJournal brings back what the file remembers, and goes on writing it.
func (s *Simulator) openJournal() error {
	path := s.options.Journal
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	r := newReplay(s)
	size, err := eachRecord(f, r.record)
	if err != nil {
		_ = f.Close()
		return err
	}
	r.finish()
	if r.wasteful() {
		f, size = r.compacted(path, f, size)
	}
	s.journal = &journal{log: s.options.Log, more: make(chan struct{}, 1), file: f, size: size, torn: true}
	return nil
}

// eachRecord reads the records of a journal and gives where the last whole line ends. A line that cannot be read comes as
// an empty record.
func eachRecord(f io.ReadSeeker, do func(record)) (size int64, err error) {
	if _, err = f.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	return size, eachLine(f, func(line []byte) error {
		size += int64(len(line))
		var r record
		if json.Unmarshal(line, &r) != nil {
			r = record{}
		}
		do(r)
		return nil
	})
}
