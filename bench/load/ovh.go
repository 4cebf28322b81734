package load

import (
	"crypto/sha1" //nolint:gosec // the protocol's hash
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// OVH is a service behind the API, and the keys to it.
type OVH struct {
	Endpoint          string // like http://127.0.0.1:8080/1.0
	ApplicationKey    string
	ApplicationSecret string
	ConsumerKey       string
	Service, Sender   string
	Priority          string        // of the messages; empty = the server's default
	Ahead             time.Duration // of this machine's clock, how far the server's is
	TLS               *tls.Config   // for https; nil = as the system trusts

	host, url, head string
	secure          *tls.Config
}

// Prepare makes what all requests have in common. It must be called once before Run.
func (o *OVH) Prepare() error {
	base, err := url.Parse(o.Endpoint)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return fmt.Errorf("endpoint %q is no address: give one like http://127.0.0.1:8080/1.0", o.Endpoint)
	}
	port := base.Port()
	switch {
	case base.Scheme == "https":
		o.secure = &tls.Config{MinVersion: tls.VersionTLS12}
		if o.TLS != nil {
			o.secure = o.TLS.Clone()
		}
		o.secure.ServerName = base.Hostname()
		if port == "" {
			port = "443"
		}
	case port == "":
		port = "80"
	}
	o.host = base.Hostname() + ":" + port
	path := base.Path + "/sms/" + o.Service + "/jobs"
	o.url = base.Scheme + "://" + base.Host + path
	o.head = "POST " + path + " HTTP/1.1\r\nHost: " + base.Host + "\r\nContent-Type: application/json\r\nX-Ovh-Application: " + o.ApplicationKey +
		"\r\nX-Ovh-Consumer: " + o.ConsumerKey + "\r\nX-Ovh-Timestamp: "
	return nil
}

// Address is where the service is.
func (o *OVH) Address() (string, *tls.Config) { return o.host, o.secure }

// Append writes the signed request by hand: a client's library would take more than the server.
func (o *OVH) Append(b []byte, j Job) []byte {
	body := o.appendBody(make([]byte, 0, 160+16*j.Receivers), j)
	var room [32]byte
	now := strconv.AppendInt(room[:0], time.Now().Add(o.Ahead).Unix(), 10)
	h := sha1.New() //nolint:gosec // the protocol's hash
	for _, part := range []string{o.ApplicationSecret, "+", o.ConsumerKey, "+POST+", o.url, "+"} {
		_, _ = h.Write([]byte(part))
	}
	_, _ = h.Write(body)
	_, _ = h.Write([]byte("+"))
	_, _ = h.Write(now)
	b = append(b, o.head...)
	b = append(append(b, now...), "\r\nX-Ovh-Signature: $1$"...)
	b = hex.AppendEncode(b, h.Sum(nil))
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	return append(append(b, "\r\n\r\n"...), body...)
}

func (o *OVH) appendBody(b []byte, j Job) []byte {
	b = append(b, `{"message":"`...)
	b = j.appendText(b)
	b = append(append(b, `","sender":"`...), o.Sender...)
	b = append(b, `","noStopClause":true,`...)
	if o.Priority != "" {
		b = append(append(append(b, `"priority":"`...), o.Priority...), `",`...)
	}
	b = append(b, `"receivers":[`...)
	for i := range j.Receivers {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(j.appendReceiver(append(b, '"'), i), '"')
	}
	return append(b, "]}"...)
}
