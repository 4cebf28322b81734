package smppc

import "ramier/internal/sms"

// Room tells how many more messages the carrier takes now: 0 while it is not connected or pauses because it was asked to
// slow down. It counts PDUs, so messages of several parts fill it sooner.
func (c *Carrier) Room() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.taking || c.brake.left() > 0 {
		return 0
	}
	return max(0, c.settings.Window-c.underWay)
}

// Status tells how the connection is. Binds are those that are up now; Late counts all answers that nobody waited for.
func (c *Carrier) Status() sms.CarrierStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := sms.CarrierStatus{
		State: c.state, Since: c.since, LastError: c.lastError,
		WindowUsed: min(c.underWay, c.settings.Window), WindowSize: c.settings.Window,
		Sent: c.sent, Throttled: c.throttled, Late: c.late,
	}
	if c.link != nil {
		s.Binds = c.link.binds()
		s.Late += c.link.late()
	}
	return s
}

// report notes a state and, if there is one, the error that led to it.
func (c *Carrier) report(state string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.enter(state, err)
}

// enter is report for one who holds mu.
func (c *Carrier) enter(state string, err error) {
	if c.state != state {
		c.state, c.since = state, c.now()
	}
	if err != nil {
		c.lastError = clean(err.Error(), maxText)
	}
}

func (c *Carrier) lastWords() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastError
}

// linked opens a link for messages, if it still is up.
func (c *Carrier) linked(l *link) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.ended() != nil {
		return false
	}
	c.link, c.taking = l, true
	c.enter(stateConnected, nil)
	return true
}

// leave takes no more messages for a link that is over or about to be; err is nil if that is our wish, and then the errors
// that follow from it are none.
func (c *Carrier) leave(l *link, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link != l {
		return
	}
	if err != nil && (c.taking || c.state != stateConnected) {
		c.enter(stateConnecting, err)
	}
	c.taking = false
}

// unlink forgets a link whose connections are closed.
func (c *Carrier) unlink(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.late += l.late()
	if c.link == l {
		c.link = nil
	}
}
