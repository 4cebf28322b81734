package smpp

// QuerySM asks for the state of a message (§4.8.1).
type QuerySM struct {
	MessageID string // at most 64 characters
	Source    Address
}

// Command is query_sm.
func (*QuerySM) Command() Command { return CommandQuerySM }

func (p *QuerySM) fields(c *codec) {
	c.cstring("message_id", &p.MessageID, 65)
	c.address(sourceAddr, &p.Source, 21)
}

// QuerySMResp answers QuerySM (§4.8.2).
type QuerySMResp struct {
	MessageID string
	FinalDate string // empty while the message has no final state
	State     MessageState
	ErrorCode byte // the network's, 0 if none
}

// Command is query_sm_resp.
func (*QuerySMResp) Command() Command { return CommandQuerySMResp }

func (p *QuerySMResp) fields(c *codec) {
	c.cstring("message_id", &p.MessageID, 65)
	c.time("final_date", &p.FinalDate)
	c.byte("message_state", (*byte)(&p.State))
	c.byte("error_code", &p.ErrorCode)
}

// CancelSM withdraws a message, or all from Source to Dest if MessageID is empty (§4.9.1).
type CancelSM struct {
	ServiceType string // at most 5 characters
	MessageID   string // at most 64
	Source      Address
	Dest        Address
}

// Command is cancel_sm.
func (*CancelSM) Command() Command { return CommandCancelSM }

func (p *CancelSM) fields(c *codec) {
	c.cstring("service_type", &p.ServiceType, 6)
	c.cstring("message_id", &p.MessageID, 65)
	c.address(sourceAddr, &p.Source, 21)
	c.address(destAddr, &p.Dest, 21)
}

// CancelSMResp answers CancelSM.
type CancelSMResp struct{}

// Command is cancel_sm_resp.
func (*CancelSMResp) Command() Command { return CommandCancelSMResp }

func (*CancelSMResp) fields(*codec) {}

// ReplaceSM changes a message that waits at the SMSC (§4.10.1).
type ReplaceSM struct {
	MessageID          string // at most 64 characters
	Source             Address
	ScheduleTime       string
	ValidityPeriod     string
	RegisteredDelivery RegisteredDelivery
	DefaultMsgID       byte
	ShortMessage       []byte // at most 254 octets
}

// Command is replace_sm.
func (*ReplaceSM) Command() Command { return CommandReplaceSM }

func (p *ReplaceSM) fields(c *codec) {
	c.cstring("message_id", &p.MessageID, 65)
	c.address(sourceAddr, &p.Source, 21)
	c.time("schedule_delivery_time", &p.ScheduleTime)
	c.time("validity_period", &p.ValidityPeriod)
	c.byte("registered_delivery", (*byte)(&p.RegisteredDelivery))
	c.byte("sm_default_msg_id", &p.DefaultMsgID)
	c.shortMessage(&p.ShortMessage)
}

// ReplaceSMResp answers ReplaceSM.
type ReplaceSMResp struct{}

// Command is replace_sm_resp.
func (*ReplaceSMResp) Command() Command { return CommandReplaceSMResp }

func (*ReplaceSMResp) fields(*codec) {}
