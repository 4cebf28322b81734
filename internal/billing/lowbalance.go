package billing

import (
	"context"
	"fmt"

	"ramier/internal/sms"
)

// warnLow warns by SMS of the services whose credits run low, once until they have more again.
func (d *Desk) warnLow(ctx context.Context) error {
	all, err := d.Store.ServicesToWarn(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	told, err := d.Store.ToldLow(ctx)
	if err != nil {
		return err
	}
	for _, l := range all {
		v, g := l.Service, l.Service.Settings.Guards
		low := l.Available <= g.AlertBelow
		if low == told[v.ID] {
			continue
		}
		if low {
			rises, err := d.Store.Rises(ctx, v.ID, "available")
			if err != nil {
				return err
			}
			text := fmt.Sprintf("%s: %v SMS credits are left.", v.Name, l.Available)
			if err := d.tell(ctx, v.Name, g.AlertNumber, text, "low-balance", fmt.Sprintf("low-balance %d %v %v %d", v.ID, g.AlertBelow, l.Available, rises)); err != nil {
				if code := sms.CodeOf(err); code == sms.Unavailable || code == sms.Internal {
					return err
				}
				d.Log.Warn("a service's credits run low, and the warning cannot be sent", "service", v.Name, "left", l.Available, "error", err)
			}
		}
		if err := d.Store.TellLow(ctx, v, low, d.Now()); err != nil {
			return err
		}
	}
	return nil
}
