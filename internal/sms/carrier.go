package sms

// Carrier is a connection to an operator and how it wants to be spoken to.
type Carrier struct {
	ID      int64
	Name    string
	Kind    string // smpp
	Enabled bool
	// Rev grows with each change; a message's trail names the one it was sent under.
	Rev      int64
	Settings CarrierSettings
	Password string
}

// CarrierSettings holds everything but the password of an SMPP carrier. Zero values are not meaningful: use
// DefaultCarrierSettings.
type CarrierSettings struct {
	Host               string
	Port               int
	TLS                bool
	TLSServerName      string
	TLSCA              string // PEM; empty = the system's
	SystemID           string
	SystemType         string
	BindMode           string // transceiver or transmitterReceiver
	Window             int    // unanswered PDUs, 1 to 1000
	Rate               int    // messages a second, 0 = no limit
	HighReserve        int    // percent of rate and window that are kept for the lane high, 0 to 90
	EnquireLinkSeconds int
	ResponseSeconds    int
	Concatenation      string // udh8, udh16, sar or payload
	SourceTON          int    // -1 = by the kind of sender
	SourceNPI          int
	DestTON            int
	DestNPI            int
	DataCodingGSM7     int
	Charset            string // of texts in the default alphabet: gsm0338, latin1 or ascii
	ReceiptID          string // asIs, hexToDecimal, decimalToHex or automatic
	RegisteredDelivery int
	Validity           bool // send validity_period
	AddressPlus        bool // keep the + of destinations
	ServiceType        string
	QueryMinutes       int    // query_sm asks for what has had no final receipt for so long; 0 = never
	Lookups            bool   // it answers questions about numbers: submit_sm with service_type HLR
	InDoubt            string // resend, hold, fail, or automatic: resend transactional, hold marketing
}

// DefaultHighReserve is the usual share, in percent, of a carrier's rate and window that is kept for the lane high.
const DefaultHighReserve = 20

// DefaultCarrierSettings is what most operators take.
func DefaultCarrierSettings() CarrierSettings {
	return CarrierSettings{
		Port: 2775, BindMode: "transceiver", Window: 10, HighReserve: DefaultHighReserve, EnquireLinkSeconds: 30, ResponseSeconds: 10,
		Concatenation: "udh8", SourceTON: -1, SourceNPI: -1, DestTON: 1, DestNPI: 1, Charset: "gsm0338",
		ReceiptID: "automatic", RegisteredDelivery: 1, Validity: true, InDoubt: "automatic",
	}
}

// DoubtPolicy tells what is done with messages in doubt, marketing or not: resend, hold or fail.
func (s *CarrierSettings) DoubtPolicy(marketing bool) string {
	switch {
	case s.InDoubt != "automatic" && s.InDoubt != "":
		return s.InDoubt
	case marketing:
		return "hold"
	}
	return "resend"
}

// Route sends what it matches to a carrier; empty conditions match everything. The enabled route with the lowest
// position wins.
type Route struct {
	ID          int64
	Position    int64
	Country     string
	Prefix      string // of the receiver, like +336
	Service     string
	Sender      string
	Tag         string
	CarrierID   int64
	Description string
	Enabled     bool
}
