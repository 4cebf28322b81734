package simulator

import "os"

// Flush writes to the journal what would be written soon.
func (s *Simulator) Flush() { s.journal.flush() }

// ReplaceJournal lets the journal write into another file, such as one that takes nothing, and gives the one before.
func (s *Simulator) ReplaceJournal(f *os.File) *os.File {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	old := s.journal.file
	s.journal.file = f
	return old
}
