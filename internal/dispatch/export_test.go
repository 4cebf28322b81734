package dispatch

import "time"

// SetPatience changes how long a node keeps more carriers than its share. It comes before Start.
func (d *Dispatcher) SetPatience(p time.Duration) { d.patience = p }
