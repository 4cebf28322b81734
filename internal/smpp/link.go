package smpp

// Unbind asks to end the session (§4.2).
type Unbind struct{}

// UnbindResp answers Unbind.
type UnbindResp struct{}

// EnquireLink asks whether the peer is still there (§4.11).
type EnquireLink struct{}

// EnquireLinkResp answers EnquireLink.
type EnquireLinkResp struct{}

// GenericNack answers what could not be understood (§4.3).
type GenericNack struct{}

// Unknown is a PDU whose command is not one of SMPP 3.4.
type Unknown struct {
	ID   Command
	Body []byte
}

// Command is unbind.
func (*Unbind) Command() Command { return CommandUnbind }

// Command is unbind_resp.
func (*UnbindResp) Command() Command { return CommandUnbindResp }

// Command is enquire_link.
func (*EnquireLink) Command() Command { return CommandEnquireLink }

// Command is enquire_link_resp.
func (*EnquireLinkResp) Command() Command { return CommandEnquireLinkResp }

// Command is generic_nack.
func (*GenericNack) Command() Command { return CommandGenericNack }

// Command is the number it came with.
func (p *Unknown) Command() Command { return p.ID }

func (*Unbind) fields(*codec)          {}
func (*UnbindResp) fields(*codec)      {}
func (*EnquireLink) fields(*codec)     {}
func (*EnquireLinkResp) fields(*codec) {}
func (*GenericNack) fields(*codec)     {}
func (p *Unknown) fields(c *codec)     { c.rest("body", &p.Body) }
