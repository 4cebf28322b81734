package legacy

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"

	"ramier/internal/sms"
)

// Limits of a request.
const (
	maxBody   = 1 << 20 // bytes of a body
	maxFields = 100     // parameters
	maxTag    = 20      // characters
)

// fields are the parameters of a request by their names in lower case. Of several with one name the first counts, but receivers add up.
type fields map[string]string

// readFields takes the parameters of the query and, of a POST, of the form in its body, which counts first. Errors: Invalid, TooLarge.
func readFields(w http.ResponseWriter, r *http.Request) (fields, error) {
	query := fields{}
	err := query.readQuery(r.URL.RawQuery, "")
	if r.Method != http.MethodPost {
		return query, err
	}
	f := fields{}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if cause := f.readBody(r); cause != nil {
		err = cause
	}
	for name, value := range query {
		if _, set := f[name]; !set {
			f[name] = value
		}
	}
	return f, err
}

func (f fields) readBody(r *http.Request) error {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return sms.Errorf(sms.Invalid, "Invalid body: it is packed (Content-Encoding), send it as it is")
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "multipart/form-data" {
		return f.readMultipart(multipart.NewReader(r.Body, params["boundary"]))
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return unreadable(err)
	}
	return f.readQuery(strings.TrimRight(string(body), "\r\n"), params["charset"])
}

func (f fields) readMultipart(r *multipart.Reader) error {
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unreadable(err)
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return unreadable(err)
		}
		_, params, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err := f.set(part.FormName(), string(value), params["charset"]); err != nil {
			return err
		}
	}
}

func unreadable(err error) error {
	return sms.Errorf(sms.TooLarge, "the body cannot be read: %v; it may have %d bytes", err, maxBody)
}

// readQuery reads name=value pairs in a charset, if one was named. What cannot be decoded is taken as it stands: programs of the time when this interface was made
// send % in the clear.
func (f fields) readQuery(query, charset string) error {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		if name == "" {
			continue
		}
		if err := f.set(unescape(name), unescape(value), charset); err != nil {
			return err
		}
	}
	return nil
}

func (f fields) set(name, value, charset string) error {
	name = strings.ToLower(name)
	switch before, again := f[name]; {
	case again && name == "to":
		f[name] = before + "," + toUTF8(value, charset)
		return nil
	case again:
		return nil
	case len(f) >= maxFields:
		return sms.Errorf(sms.TooLarge, "there are more than %d parameters", maxFields)
	}
	f[name] = toUTF8(value, charset)
	return nil
}

func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return strings.ReplaceAll(s, "+", " ")
}

// toUTF8 takes what is no UTF-8 for text in the charset that was named, else in ISO 8859-15, which programs in French sent before, with the
// characters of Windows where that has none.
func toUTF8(s, charset string) string {
	if utf8.ValidString(s) {
		return s
	}
	if named, err := htmlindex.Get(charset); err == nil && named != unicode.UTF8 {
		if decoded, err := named.NewDecoder().String(s); err == nil {
			return decoded
		}
	}
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 0x80 && c < 0xA0 {
			b.WriteRune(charmap.Windows1252.DecodeByte(c))
		} else {
			b.WriteRune(charmap.ISO8859_15.DecodeByte(c))
		}
	}
	return b.String()
}

// A request is what one call asks for.
type request struct {
	account, login, password string
	order                    sms.Order
	listed                   bool // receivers come from a list as well
}

// classes are the values of class.
var classes = map[string]sms.Class{"": sms.PhoneDisplay, "0": sms.Flash, "1": sms.PhoneDisplay, "2": sms.SIM, "3": sms.Toolkit}

// credentials takes who is calling. Error: a missingError.
func (f fields) credentials() (q request, err error) {
	q = request{account: f["account"], login: f["login"], password: f["password"]}
	for _, name := range []string{"account", "login", "password"} {
		if f[name] == "" {
			return q, missing(name)
		}
	}
	return q, nil
}

// read fills in the order. Errors: a missingError, or Invalid in the words of the interface.
func (q *request) read(f fields, now time.Time, zone *time.Location) error {
	o := &q.order
	*o = sms.Order{
		Text: lines(f["message"]), Sender: strings.TrimSpace(f["from"]), Tag: f["tag"], Priority: sms.High, Validity: sms.MaxValidity,
		NoStop: f["nostop"] == "1", Receivers: receivers(f["to"]),
	}
	o.ForResponse = o.Sender == "" && f["senderforresponse"] == "1"
	switch {
	case o.Sender == "" && !o.ForResponse:
		return missing("from")
	case len(o.Receivers) == 0 && !q.listed:
		return missing("to")
	case o.Text == "":
		return missing("message")
	case utf8.RuneCountInString(o.Tag) > maxTag:
		return invalid("tag", "is too long")
	}
	var known bool
	if o.Class, known = classes[f["class"]]; !known {
		return invalid("class", "must be 0, 1, 2 or 3")
	}
	coding := f["smscoding"]
	if coding == "" {
		coding = f["smsencoding"]
	}
	switch coding {
	case "", "1": // 7 bits, where the text allows them
	case "2":
		o.ForceUnicode = true
	default:
		return invalid("smsCoding", "must be 1 (7 bits) or 2 (Unicode)")
	}
	if v := f["nostop"]; v != "" && v != "0" && v != "1" {
		return invalid("noStop", "must be 0 or 1")
	}
	return q.readDeferred(f["deferred"], now, zone)
}

// readDeferred reads hhmmddMMYYYY on the clocks of the zone.
func (q *request) readDeferred(text string, now time.Time, zone *time.Location) error {
	if text == "" {
		return nil
	}
	at, err := time.ParseInLocation("150402012006", text, zone)
	if err != nil {
		return invalid("deferred time", "write hhmmddMMYYYY, as in 093025122030")
	}
	// This minute, or the last, is now.
	if q.order.Deferred = at.Sub(now); q.order.Deferred <= -2*time.Minute {
		return invalid("deferred time", "it is in the past")
	}
	if most := sms.DefaultLimits().Deferred; q.order.Deferred > most {
		return invalid("deferred time", fmt.Sprintf("it is more than %d days from now", most/(24*time.Hour)))
	}
	q.order.Deferred = max(q.order.Deferred, 0)
	return nil
}

// lines turns the carriage returns that stand for line breaks into those of texts.
func lines(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// receivers are separated by commas. A + that was not encoded has become a blank.
func receivers(list string) (all []string) {
	for one := range strings.SplitSeq(list, ",") {
		number := strings.TrimSpace(one)
		if number == "" {
			continue
		}
		if one[0] == ' ' && number[0] >= '1' && number[0] <= '9' && len(number) > 9 {
			number = "+" + number
		}
		all = append(all, number)
	}
	return all
}
