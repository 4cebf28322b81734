package smppc

// Cut closes the connection at once. It is for one whose time to stop in order is over: the context of Run must have ended. The
// messages without an answer get one that leaves them in doubt.
func (c *Carrier) Cut() {
	c.mu.Lock()
	l := c.link
	c.taking, c.ended = false, true
	c.mu.Unlock()
	if l == nil {
		return
	}
	l.tx.Close()
	l.rx.Close()
}
