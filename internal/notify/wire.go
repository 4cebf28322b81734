package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ramier/internal/sms"
)

// Form gives the URL of OVH's GET form: the parameters of a setting (callBack, stopCallBack, or cgiUrl, which keyword rules have too),
// in a fixed order, behind the query that the address has. The names of callBack are OVH's; those of the others are ours.
func Form(address, setting string, n *sms.Notice) string {
	at := n.At.UTC().Format(time.RFC3339)
	var pairs [][2]string
	switch setting {
	case "callBack":
		m := sms.Message{State: n.State}
		receipt := strconv.Itoa(m.DeliveryReceipt())
		pairs = [][2]string{
			{"id", id(n.Outgoing)},
			{"ptt", strconv.Itoa(n.PTT)},
			{"date", at},
			{"description", receipt},
			{"descriptionDlr", sms.DeliveryReceiptText(m.DeliveryReceipt())},
			{"dlr", receipt},
		}
	case "stopCallBack":
		pairs = [][2]string{{"number", n.From}, {"date", at}, {"id", id(n.Outgoing)}, {"tag", n.Tag}}
	default:
		pairs = [][2]string{
			{"id", id(n.Incoming)},
			{"sender", n.From},
			{"receiver", n.Number},
			{"message", n.Text},
			{"date", at},
			{"tag", n.Tag},
			{"outgoingId", id(n.Outgoing)},
		}
	}
	var query strings.Builder
	for i, p := range pairs {
		if i > 0 {
			query.WriteByte('&')
		}
		// A space is %20: not all that read queries take a plus for one.
		query.WriteString(p[0] + "=" + strings.ReplaceAll(url.QueryEscape(p[1]), "+", "%20"))
	}
	address, _, _ = strings.Cut(address, "#") // servers never see what follows
	switch _, own, has := strings.Cut(address, "?"); {
	case !has:
		return address + "?" + query.String()
	case own == "" || strings.HasSuffix(own, "&"):
		return address + query.String()
	}
	return address + "&" + query.String()
}

// id shows that of nothing as an empty text.
func id(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// event is the body of signed JSON.
type event struct {
	ID          string    `json:"id"`
	Type        string    `json:"type"`
	Timestamp   time.Time `json:"timestamp"`
	ServiceName string    `json:"serviceName"`
	Data        any       `json:"data"`
}

// messageData is what is told of a message.
type messageData struct {
	ID                int64   `json:"id"`
	JobID             int64   `json:"jobId"`
	Receiver          string  `json:"receiver"`
	Sender            string  `json:"sender"`
	Tag               string  `json:"tag"`
	State             string  `json:"state"`
	DeliveryReceipt   int     `json:"deliveryReceipt"`
	PTT               int     `json:"ptt"`
	Error             string  `json:"error,omitempty"`
	NumberOfSms       int     `json:"numberOfSms"`
	Credits           float64 `json:"credits"`
	PossibleDuplicate bool    `json:"possibleDuplicate,omitempty"`
}

// replyData is what is told of a reply, and of what it asks for.
type replyData struct {
	ID          int64   `json:"id,omitempty"`
	Sender      string  `json:"sender"`
	Receiver    string  `json:"receiver"`
	Message     string  `json:"message"`
	Tag         string  `json:"tag"`
	OutgoingID  int64   `json:"outgoingId,omitempty"`
	Keyword     string  `json:"keyword,omitempty"`
	NumberOfSms int     `json:"numberOfSms"`
	Credits     float64 `json:"credits"`

	PossibleDuplicate bool `json:"possibleDuplicate,omitempty"`
}

// Body gives the JSON of a notice. The same delivery always has the same one.
func Body(delivery int64, created time.Time, n *sms.Notice) ([]byte, error) {
	e := event{ID: sms.DeliveryName(delivery), Type: n.Event(), Timestamp: n.At.UTC(), ServiceName: n.Service}
	if e.Timestamp.IsZero() {
		e.Timestamp = created.UTC()
	}
	switch n.Kind {
	case sms.NoticeMessage:
		m := sms.Message{State: n.State}
		e.Data = messageData{
			ID: n.Outgoing, JobID: n.Job, Receiver: n.Receiver, Sender: n.Sender, Tag: n.Tag, State: string(n.State), DeliveryReceipt: m.DeliveryReceipt(),
			PTT: n.PTT, Error: n.Error, NumberOfSms: n.Parts, Credits: n.Credits.Float(), PossibleDuplicate: n.Duplicate,
		}
	case sms.NoticeTest:
		e.Data = struct{}{}
	default:
		e.Data = replyData{
			ID: n.Incoming, Sender: n.From, Receiver: n.Number, Message: n.Text, Tag: n.Tag, OutgoingID: n.Outgoing, Keyword: n.Keyword,
			NumberOfSms: n.Parts, Credits: n.Credits.Float(), PossibleDuplicate: n.Duplicate,
		}
	}
	return json.Marshal(e)
}

// secretPrefix begins the secrets of webhooks, as the Standard Webhooks specification has it; base64 follows.
const secretPrefix = "whsec_"

// Sign gives the signatures of a body by the Standard Webhooks specification: HMAC-SHA256 of id, timestamp and body, one for each
// secret.
func Sign(secrets []string, id, timestamp string, body []byte) string {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
		if err != nil {
			key = []byte(secret)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " ")
}
