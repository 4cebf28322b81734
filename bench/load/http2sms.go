package load

import (
	"bytes"
	"crypto/tls"
	"net/url"
)

// HTTP2SMS is the door for old programs: each message is one GET with everything in its query.
type HTTP2SMS struct {
	Host                     string // with port
	Account, Login, Password string
	Sender                   string
}

// Address is where the door is.
func (h *HTTP2SMS) Address() (string, *tls.Config) { return h.Host, nil }

// Append writes the call for the first receiver of a job.
func (h *HTTP2SMS) Append(b []byte, j Job) []byte {
	b = append(b, "GET /cgi-bin/sms/http2sms.cgi?account="+url.QueryEscape(h.Account)+"&login="+url.QueryEscape(h.Login)+
		"&password="+url.QueryEscape(h.Password)+"&from="+url.QueryEscape(h.Sender)+"&noStop=1&to=00"...)
	b = append(b, j.Receiver(0)[1:]...)
	b = append(append(b, "&message="...), url.QueryEscape(j.Text())...)
	return append(b, " HTTP/1.1\r\nHost: "+h.Host+"\r\n\r\n"...)
}

// Good implements Judge: the HTTP status is always 200.
func (h *HTTP2SMS) Good(body []byte) bool { return bytes.HasPrefix(body, []byte("OK\n")) }
