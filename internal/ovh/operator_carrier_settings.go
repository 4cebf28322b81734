package ovh

import (
	"crypto/x509"
	"net/netip"
	"regexp"
	"strings"

	"ramier/internal/sms"
)

// Lengths that SMPP leaves for texts, without their NUL.
const (
	maxSystemID    = 15
	maxPassword    = 8
	maxSystemType  = 12
	maxServiceType = 5
)

// changeCarrier sets what the request names and leaves the rest.
func changeCarrier(c *sms.Carrier, b operatorCarrierBody) error {
	s := &c.Settings
	setIf(&c.Enabled, b.Enabled)
	setIf(&s.AddressPlus, b.AddressPlus)
	setIf(&s.Lookups, b.Lookups)
	setIf(&s.TLS, b.TLS)
	setIf(&s.Validity, b.Validity)
	setWord(&s.BindMode, b.BindMode)
	setWord(&s.Charset, b.Charset)
	setWord(&s.Concatenation, b.Concatenation)
	setWord(&s.InDoubt, b.InDoubt)
	setWord(&s.ReceiptID, b.ReceiptID)
	if b.RegisteredDelivery != nil && *b.RegisteredDelivery != (s.RegisteredDelivery != 0) {
		s.RegisteredDelivery = 1 - min(s.RegisteredDelivery, 1)
	}
	if err := changeEndpoint(s, b); err != nil {
		return err
	}
	if err := changeNumbers(s, b); err != nil {
		return err
	}
	// An empty password is what answers show, so it comes back from clients that read, change and write.
	if v := b.Password; v != nil && *v != "" {
		if err := checkSMPP("password", *v, maxPassword); err != nil {
			return err
		}
		c.Password = *v
	}
	return nil
}

func setIf[T any](to, v *T) {
	if v != nil {
		*to = *v
	}
}

func setWord[T ~string](to *string, v *T) {
	if v != nil {
		*to = string(*v)
	}
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9])?\.?$`)

func checkHost(field, host string) error {
	if _, err := netip.ParseAddr(host); err == nil || hostName.MatchString(host) {
		return nil
	}
	return sms.Errorf(sms.Invalid, "%s = %q is not a host: give a name or an address without scheme and port, like smsc.example.org", field, host)
}

// changeEndpoint sets where the carrier is and who we are there.
func changeEndpoint(s *sms.CarrierSettings, b operatorCarrierBody) error {
	if v := b.Host; v != nil {
		if err := checkHost("host", *v); err != nil {
			return err
		}
		s.Host = *v
	}
	if v := b.TLSServerName; v != nil {
		if *v != "" {
			if err := checkHost("tlsServerName", *v); err != nil {
				return err
			}
		}
		s.TLSServerName = *v
	}
	if v := b.TLSCA; v != nil {
		if *v != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(*v)) {
			return sms.Errorf(sms.Invalid, "tlsCA holds no certificate: give the text of a PEM file, which begins with -----BEGIN CERTIFICATE-----")
		}
		s.TLSCA = *v
	}
	if v := b.SystemID; v != nil && *v == "" {
		return sms.Errorf(sms.Invalid, "systemId is empty: give the name that the carrier knows us by")
	}
	for _, f := range []struct {
		name string
		to   *string
		v    *string
		most int
	}{
		{"systemId", &s.SystemID, b.SystemID, maxSystemID},
		{"systemType", &s.SystemType, b.SystemType, maxSystemType},
		{"serviceType", &s.ServiceType, b.ServiceType, maxServiceType},
	} {
		if f.v == nil {
			continue
		}
		if err := checkSMPP(f.name, *f.v, f.most); err != nil {
			return err
		}
		*f.to = *f.v
	}
	return nil
}

// checkSMPP tells whether a text fits into a field of a PDU.
func checkSMPP(field, v string, most int) error {
	shown := v
	if field == "password" {
		shown = "…"
	}
	if len(v) > most || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) {
		return sms.Errorf(sms.Invalid, "%s = %q does not fit into SMPP: give at most %d characters of ASCII", field, shown, most)
	}
	return nil
}

// The values of TON and NPI for "by its kind" and what receivers are by default.
const (
	byKind        = -1
	international = 1
	isdn          = 1
)

func changeNumbers(s *sms.CarrierSettings, b operatorCarrierBody) error {
	for _, f := range []struct {
		name        string
		to          *int
		v           *int64
		least, most int64
	}{
		{"port", &s.Port, b.Port, 1, 65535},
		{"window", &s.Window, b.Window, 1, 1000},
		{"rate", &s.Rate, b.Rate, 0, 1_000_000},
		{"highReserve", &s.HighReserve, b.HighReserve, 0, 90},
		{"queryMinutes", &s.QueryMinutes, b.QueryMinutes, 0, 7 * 24 * 60},
		{"enquireLinkSeconds", &s.EnquireLinkSeconds, b.EnquireLinkSeconds, 1, 3600},
		{"responseTimeoutSeconds", &s.ResponseSeconds, b.ResponseTimeoutSeconds, 1, 600},
		{"dataCodingGsm7", &s.DataCodingGSM7, b.DataCodingGsm7, 0, 255},
		{"sourceTon", &s.SourceTON, b.SourceTon, byKind, 6},
		{"sourceNpi", &s.SourceNPI, b.SourceNpi, byKind, 18},
		{"destTon", &s.DestTON, b.DestTon, byKind, 6},
		{"destNpi", &s.DestNPI, b.DestNpi, byKind, 18},
	} {
		if f.v == nil {
			continue
		}
		if err := within(f.name, *f.v, f.least, f.most); err != nil {
			return err
		}
		*f.to = int(*f.v)
	}
	if s.DestTON == byKind {
		s.DestTON = international
	}
	if s.DestNPI == byKind {
		s.DestNPI = isdn
	}
	return nil
}
