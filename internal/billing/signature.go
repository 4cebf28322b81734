package billing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ramier/internal/sms"
)

// maxSignatures is how many signatures one header may carry: a provider gives two while its secret is being changed.
const maxSignatures = 16

// Sign gives the value of a signature header for a body sent at a time. Stripe-Signature has the same form.
func Sign(secret, body []byte, at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac(secret, t, body))
}

func mac(secret []byte, t string, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(t + "."))
	h.Write(body)
	return h.Sum(nil)
}

// checkSignature proves that a body comes from who knows the secret, and is fresh. One of the signatures has to fit. Errors: BadSignature
// and StaleRequest.
func checkSignature(name, header string, secret, body []byte, now time.Time) error {
	var t string
	var given [][]byte
	for field := range strings.SplitSeq(header, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(field), "="); name {
		case "t":
			t = value
		case "v1":
			if signature, err := hex.DecodeString(value); err == nil && len(given) < maxSignatures {
				given = append(given, signature)
			}
		}
	}
	want, fits := mac(secret, t, body), false
	for _, signature := range given {
		fits = hmac.Equal(signature, want) || fits
	}
	if !fits || t == "" || len(secret) == 0 {
		return sms.Errorf(sms.BadSignature, "The header %s does not sign this body: give t=SECONDS,v1=HEX of HMAC-SHA256 over \"SECONDS.BODY\"", name)
	}
	seconds, err := strconv.ParseInt(t, 10, 64)
	if age := now.Sub(time.Unix(seconds, 0)); err != nil || age.Abs() > tolerance {
		return sms.Errorf(sms.StaleRequest, "t = %s is more than %v from now: send the notice when it is signed, and look at the clocks", t, tolerance)
	}
	return nil
}

// readNotice reads a notice that was posted, of at most a number of octets. Errors: NoRoute for another method, TooLarge, Invalid for one
// that is not whole.
func readNotice(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	if r.Method != http.MethodPost {
		return nil, sms.Errorf(sms.NoRoute, "Notices of payments are posted here")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	switch {
	case int64(len(body)) > most:
		w.Header().Set("Connection", "close") // what is left of it is not read
		return nil, sms.Errorf(sms.TooLarge, "the notice has more than %d octets", most)
	case err != nil:
		return nil, sms.Errorf(sms.Invalid, "the notice breaks off after %d octets", len(body))
	}
	return body, nil
}
