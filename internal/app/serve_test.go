package app_test

import (
	"slices"
	"testing"

	"ramier/internal/config"
	"ramier/internal/fetch"
)

func TestTheSettingsTakeTheTargetsThatAreRead(t *testing.T) {
	for _, text := range []string{
		"10.1.2.3", "10.0.0.0/8", "fd00::1", "fd00::/8", "10.1.2.3:80", "[fd00::1]:80", "intranet.example.org:8080", "host:65535",
		"", "host", ":80", "host:", "host:0", "host:00", "host:+80", "host:65536", "10.0.0.0/33", "http://host:80", "a b:80", "me@host:80", "fd00::1:80]",
	} {
		c := config.Default()
		c.Fetch.Allow = []string{text}
		refused := slices.ContainsFunc(c.Validate(), func(p config.Problem) bool { return p.Setting == "fetch.allow" })
		if _, err := fetch.ParseTarget(text); (err != nil) != refused {
			t.Errorf("%q: refused in the settings %v, and then %v", text, refused, err)
		}
	}
}
