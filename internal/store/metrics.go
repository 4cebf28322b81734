package store

import (
	"sync"
	"time"
)

// Metrics receives what the writers measure.
type Metrics struct {
	mu       sync.Mutex
	onGroup  func(size int, took time.Duration)
	onAccept func(messages int)
	onDoubts func(Doubts)
}

// OnGroup sets the function that learns the size of each committed group and the time it took. It must not block.
func (m *Metrics) OnGroup(f func(size int, took time.Duration)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.onGroup = f
}

// OnAccept sets the function that learns how many messages an accepted job has. It must not block.
func (m *Metrics) OnAccept(f func(messages int)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.onAccept = f
}

func (m *Metrics) accept(messages int) {
	m.mu.Lock()
	f := m.onAccept
	m.mu.Unlock()
	if f != nil {
		f(messages)
	}
}

func (m *Metrics) group(size int, took time.Duration) {
	m.mu.Lock()
	f := m.onGroup
	m.mu.Unlock()
	if f != nil {
		f(size, took)
	}
}
