package load

import (
	"crypto/tls"
	"net/url"
	"strconv"
)

// Kannel is a smsbox of Kannel, which takes messages by GET, one receiver each.
type Kannel struct {
	Host           string // with port
	User, Password string
	Sender         string
	Receipts       string // URL to be called with each receipt, without a query
}

// Address is where the smsbox is.
func (k *Kannel) Address() (string, *tls.Config) { return k.Host, nil }

// Append writes the request: the message with a request for receipts of success and failure.
func (k *Kannel) Append(b []byte, j Job) []byte {
	b = append(b, "GET /cgi-bin/sendsms?username="+url.QueryEscape(k.User)+"&password="+url.QueryEscape(k.Password)+
		"&from="+url.QueryEscape(k.Sender)+"&to="...)
	b = append(b, url.QueryEscape(j.Receiver(0))...)
	b = append(append(b, "&text="...), url.QueryEscape(j.Text())...)
	if k.Receipts != "" {
		// 1 delivered, 2 not delivered
		b = append(b, "&dlr-mask=3&dlr-url="+url.QueryEscape(k.Receipts+"?n="+strconv.Itoa(j.First)+"&state=%d")...)
	}
	return append(b, " HTTP/1.1\r\nHost: "+k.Host+"\r\nConnection: keep-alive\r\n\r\n"...)
}
