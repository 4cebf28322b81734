package sms_test

import (
	"net/netip"
	"testing"

	"ramier/internal/sms"
)

func TestAllowsIP(t *testing.T) {
	list := []string{"192.0.2.7", "198.51.100.0/24", "2001:db8::1", "nonsense"}
	for text, want := range map[string]bool{
		"192.0.2.7": true, "192.0.2.8": false, "198.51.100.200": true, "2001:db8::1": true, "2001:db8::2": false, "::ffff:192.0.2.7": true,
	} {
		if got := sms.AllowsIP(list, netip.MustParseAddr(text)); got != want {
			t.Error(text, got)
		}
	}
	if !sms.AllowsIP(nil, netip.Addr{}) || sms.AllowsIP(list, netip.Addr{}) {
		t.Error("without a list or address")
	}
}
