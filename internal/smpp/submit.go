package smpp

// SubmitSM hands a message to the SMSC (§4.4.1).
type SubmitSM struct {
	ServiceType        string // at most 5 characters
	Source             Address
	Dest               Address
	ESMClass           ESMClass
	ProtocolID         byte
	Priority           byte   // 0 (lowest) to 3
	ScheduleTime       string // empty or as FormatTime and FormatPeriod give it
	ValidityPeriod     string // likewise
	RegisteredDelivery RegisteredDelivery
	ReplaceIfPresent   byte // 0 or 1
	DataCoding         DataCoding
	DefaultMsgID       byte   // 0 is none
	ShortMessage       []byte // at most 254 octets; empty when there is a message_payload
	TLVs               TLVs
}

// Command is submit_sm.
func (*SubmitSM) Command() Command { return CommandSubmitSM }

// Text is the short_message or, where that is empty, the message_payload; with its user data header, if any.
func (p *SubmitSM) Text() []byte { return text(p.ShortMessage, p.TLVs) }

func text(short []byte, l TLVs) []byte {
	if len(short) > 0 {
		return short
	}
	payload, _ := l.Get(TagMessagePayload)
	return payload
}

func (p *SubmitSM) fields(c *codec) {
	c.cstring("service_type", &p.ServiceType, 6)
	c.address(sourceAddr, &p.Source, 21)
	c.address(destAddr, &p.Dest, 21)
	c.byte("esm_class", (*byte)(&p.ESMClass))
	c.byte("protocol_id", &p.ProtocolID)
	c.byte("priority_flag", &p.Priority)
	c.time("schedule_delivery_time", &p.ScheduleTime)
	c.time("validity_period", &p.ValidityPeriod)
	c.byte("registered_delivery", (*byte)(&p.RegisteredDelivery))
	c.byte("replace_if_present_flag", &p.ReplaceIfPresent)
	c.byte("data_coding", (*byte)(&p.DataCoding))
	c.byte("sm_default_msg_id", &p.DefaultMsgID)
	c.shortMessage(&p.ShortMessage)
	c.tlvs(&p.TLVs)
}

// SubmitSMResp answers SubmitSM with the SMSC's id of the message (§4.4.2).
type SubmitSMResp struct {
	MessageID string // at most 64 characters
	TLVs      TLVs   // not of 3.4, but some operators have them
}

// Command is submit_sm_resp.
func (*SubmitSMResp) Command() Command { return CommandSubmitSMResp }

func (p *SubmitSMResp) fields(c *codec) {
	c.cstring("message_id", &p.MessageID, 65)
	c.tlvs(&p.TLVs)
}

// DeliverSM hands a message or a receipt to the ESME (§4.6.1).
type DeliverSM struct {
	ServiceType        string
	Source             Address
	Dest               Address
	ESMClass           ESMClass
	ProtocolID         byte
	Priority           byte
	ScheduleTime       string // empty
	ValidityPeriod     string // empty
	RegisteredDelivery RegisteredDelivery
	ReplaceIfPresent   byte // 0
	DataCoding         DataCoding
	DefaultMsgID       byte   // 0
	ShortMessage       []byte // at most 254 octets; empty when there is a message_payload
	TLVs               TLVs
}

// Command is deliver_sm.
func (*DeliverSM) Command() Command { return CommandDeliverSM }

// Text is the short_message or, where that is empty, the message_payload; with its user data header, if any.
func (p *DeliverSM) Text() []byte { return text(p.ShortMessage, p.TLVs) }

// deliver_sm has the layout of submit_sm.
func (p *DeliverSM) fields(c *codec) { (*SubmitSM)(p).fields(c) }

// DeliverSMResp answers DeliverSM (§4.6.2).
type DeliverSMResp struct {
	MessageID string // empty in SMPP 3.4
	TLVs      TLVs   // not of 3.4
}

// Command is deliver_sm_resp.
func (*DeliverSMResp) Command() Command { return CommandDeliverSMResp }

func (p *DeliverSMResp) fields(c *codec) { (*SubmitSMResp)(p).fields(c) }
