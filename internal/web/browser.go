package web

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"ramier/internal/auth"
)

// browserName is the name of the cookie that a browser is known by, whether somebody has signed in or not.
func (v *visit) browserName() string {
	if v.secure() {
		return "__Host-ramier-browser"
	}
	return "ramier-browser"
}

// browserLasts is how long a browser is known, in seconds.
const browserLasts = 365 * 24 * 3600

// visitor tells who is there. A browser that was never here gets its cookie.
func (v *visit) visitor() auth.Visitor {
	if v.browser.Mark == "" {
		value := ""
		if c, err := v.r.Cookie(v.browserName()); err == nil {
			value = c.Value
		}
		var known bool
		if v.browser, known = v.cfg.SignIns.Browser(value); !known {
			v.rememberBrowser("")
		}
	}
	who := v.Visitor(v.r)
	who.Browser = v.browser
	return who
}

// rememberBrowser lets the browser be known, as one in which the owner of an account has signed in if one is named.
func (v *visit) rememberBrowser(account string) {
	http.SetCookie(v.w, &http.Cookie{
		Name: v.browserName(), Value: v.cfg.SignIns.Cookie(v.browser, account), Path: "/", MaxAge: browserLasts, Secure: v.secure(), HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	})
}

// origin is that of this page.
func (v *visit) origin() string {
	if v.secure() {
		return "https://" + strings.TrimSuffix(strings.ToLower(v.r.Host), ":443")
	}
	return "http://" + strings.TrimSuffix(strings.ToLower(v.r.Host), ":80")
}

// passkeysHere tells whether passkeys work at the address that the browser has come by.
func (v *visit) passkeysHere() bool {
	return slices.Contains(v.cfg.SignIns.PasskeyOrigins(), v.origin())
}

// passkeysElsewhere gives the address where passkeys work, if they do not at this one.
func (v *visit) passkeysElsewhere() string {
	all := v.cfg.SignIns.PasskeyOrigins()
	if len(all) == 0 || slices.Contains(all, v.origin()) {
		return ""
	}
	return all[0]
}

// logCause tells the operator why something was refused of which the page says little.
func (v *visit) logCause(err error) {
	v.cfg.Log.InfoContext(v.ctx, "a sign-in was refused", slog.Any("address", v.Visitor(v.r).Address), slog.Any("error", err), slog.Any("cause", errors.Unwrap(err)))
}
