package cli

import (
	"context"

	"ramier/internal/app"
)

// checkMail signs in at the mail server, if one is named, and sends nothing.
func (d *doctor) checkMail(ctx context.Context) {
	m := d.settings.Mail
	server, err := app.MailTransport(m)
	if server == nil && err == nil {
		return
	}
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, checkTimeout)
		defer cancel()
		err = server.Check(ctx)
	}
	if err != nil {
		d.problem("mail", "correct [mail] in the settings, or ask whoever runs the mail server", "%s:%d does not take mails: %v", m.Host, m.Port, err)
		return
	}
	d.ok("mail", "%s:%d (%s) lets us in", m.Host, m.Port, m.Security)
}
