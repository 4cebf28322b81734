-- +goose Up
-- Times are microseconds since 1970 UTC, 0 = never. Credits are thousandths. Ids are handed out in blocks (table sequence)
-- and stay below 2^53, so that JavaScript clients can hold them.

CREATE TABLE sequence (
  name TEXT PRIMARY KEY,
  next BIGINT NOT NULL
);
INSERT INTO sequence (name, next) VALUES ('message', 1), ('object', 1);

CREATE TABLE account (
  id          BIGINT PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  country     TEXT NOT NULL,
  description TEXT NOT NULL,
  operator    BOOLEAN NOT NULL,
  created_at  BIGINT NOT NULL
);

CREATE TABLE service (
  id          BIGINT PRIMARY KEY,
  account_id  BIGINT NOT NULL REFERENCES account (id),
  name        TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  channel     TEXT NOT NULL CHECK (channel IN ('transactional', 'marketing')),
  status      TEXT NOT NULL CHECK (status IN ('enable', 'disable')),
  settings    TEXT NOT NULL,
  created_at  BIGINT NOT NULL
);
CREATE INDEX service_account ON service (account_id);

-- The books of a service, in double entry: whatever is moved, the sum stays zero. The row of service 0 has no money; its
-- rev counts changes of what all services share (carriers, routes, rates, short numbers), the others' rev those of the
-- service itself (settings, senders, opt-outs). A plan made under an older rev is made again.
CREATE TABLE balance (
  service_id BIGINT PRIMARY KEY,
  available  BIGINT NOT NULL CHECK (available >= 0),
  held       BIGINT NOT NULL CHECK (held >= 0),
  quota      BIGINT NOT NULL CHECK (quota >= 0),
  used       BIGINT NOT NULL CHECK (used >= 0),
  issued     BIGINT NOT NULL,
  rev        BIGINT NOT NULL,
  CHECK (available + held + quota + used + issued = 0)
);
INSERT INTO balance (service_id, available, held, quota, used, issued, rev) VALUES (0, 0, 0, 0, 0, 0, 1);

CREATE TABLE ledger (
  id         BIGINT NOT NULL,
  service_id BIGINT NOT NULL,
  at         BIGINT NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('order', 'hold', 'capture', 'release', 'refund', 'transfer')),
  debit      TEXT NOT NULL CHECK (debit IN ('available', 'held', 'quota', 'used', 'issued')),
  credit     TEXT NOT NULL CHECK (credit IN ('available', 'held', 'quota', 'used', 'issued')),
  amount     BIGINT NOT NULL CHECK (amount > 0),
  job_id     BIGINT NOT NULL,
  note       TEXT NOT NULL,
  PRIMARY KEY (service_id, id)
);

CREATE TABLE application (
  id          BIGINT PRIMARY KEY,
  account_id  BIGINT NOT NULL REFERENCES account (id),
  key         TEXT NOT NULL UNIQUE,
  secret      BYTEA NOT NULL,
  name        TEXT NOT NULL,
  description TEXT NOT NULL,
  status      TEXT NOT NULL CHECK (status IN ('active', 'blocked', 'inactive', 'trusted')),
  created_at  BIGINT NOT NULL
);

CREATE TABLE credential (
  id             BIGINT PRIMARY KEY,
  account_id     BIGINT NOT NULL REFERENCES account (id),
  application_id BIGINT NOT NULL REFERENCES application (id),
  key_hash       BYTEA NOT NULL UNIQUE,
  status         TEXT NOT NULL CHECK (status IN ('pendingValidation', 'validated', 'refused', 'expired')),
  rules          TEXT NOT NULL,
  allowed_ips    TEXT NOT NULL,
  created_at     BIGINT NOT NULL,
  expires_at     BIGINT NOT NULL,
  last_use       BIGINT NOT NULL
);
CREATE INDEX credential_account ON credential (account_id);

CREATE TABLE sender (
  service_id  BIGINT NOT NULL REFERENCES service (id),
  sender      TEXT NOT NULL,
  type        TEXT NOT NULL CHECK (type IN ('alpha', 'numeric', 'shortcode', 'virtual', 'time2chat')),
  status      TEXT NOT NULL CHECK (status IN ('waitingValidation', 'enable', 'disable', 'refused')),
  description TEXT NOT NULL,
  reason      TEXT NOT NULL,
  comment     TEXT NOT NULL,
  referer     TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  PRIMARY KEY (service_id, sender)
);
CREATE INDEX sender_waiting ON sender (created_at) WHERE status = 'waitingValidation';

CREATE TABLE carrier (
  id         BIGINT PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  kind       TEXT NOT NULL CHECK (kind IN ('smpp')),
  enabled    BOOLEAN NOT NULL,
  rev        BIGINT NOT NULL,
  settings   TEXT NOT NULL,
  password   BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);

-- Every form that a carrier's settings have had, so that a message's trail can show the PDU that was sent under one of them.
CREATE TABLE carrier_revision (
  carrier_id BIGINT NOT NULL,
  rev        BIGINT NOT NULL,
  settings   TEXT NOT NULL,
  PRIMARY KEY (carrier_id, rev)
);

CREATE TABLE route (
  id          BIGINT PRIMARY KEY,
  position    BIGINT NOT NULL,
  country     TEXT NOT NULL,
  prefix      TEXT NOT NULL,
  service     TEXT NOT NULL,
  sender      TEXT NOT NULL,
  tag         TEXT NOT NULL,
  carrier_id  BIGINT NOT NULL REFERENCES carrier (id),
  description TEXT NOT NULL,
  enabled     BOOLEAN NOT NULL
);

CREATE TABLE rate (
  country TEXT PRIMARY KEY,
  credits BIGINT NOT NULL CHECK (credits >= 0)
);

CREATE TABLE short_number (
  number     TEXT PRIMARY KEY,
  country    TEXT NOT NULL,
  carrier_id BIGINT NOT NULL REFERENCES carrier (id)
);

CREATE TABLE job (
  id            BIGINT NOT NULL,
  service_id    BIGINT NOT NULL,
  credential_id BIGINT NOT NULL,
  query_id      TEXT NOT NULL,
  text          TEXT NOT NULL,
  sender        TEXT NOT NULL,
  tag           TEXT NOT NULL,
  class         TEXT NOT NULL,
  lane          SMALLINT NOT NULL CHECK (lane BETWEEN 0 AND 3),
  validity      BIGINT NOT NULL,
  deferred      BIGINT NOT NULL,
  marketing     BOOLEAN NOT NULL,
  unicode       BOOLEAN NOT NULL,
  created_at    BIGINT NOT NULL,
  due_at        BIGINT NOT NULL,
  delay         TEXT NOT NULL, -- why it is due later than ordered
  hours         TEXT NOT NULL, -- sending hours that it keeps
  count         BIGINT NOT NULL CHECK (count > 0),
  credits       BIGINT NOT NULL,
  PRIMARY KEY (service_id, id)
);
CREATE UNIQUE INDEX job_id ON job (id);
CREATE INDEX job_tag ON job (service_id, tag, id) WHERE tag <> '';

-- sending is not among the stored states: a row of claim stands for all the messages that it lists.
CREATE TABLE message (
  id         BIGINT NOT NULL,
  service_id BIGINT NOT NULL,
  job_id     BIGINT NOT NULL,
  receiver   TEXT NOT NULL,
  country    TEXT NOT NULL,
  carrier_id BIGINT NOT NULL,
  route_id   BIGINT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('held', 'scheduled', 'queued', 'indoubt', 'sent', 'buffered', 'delivered',
                                            'failed', 'expired', 'refused', 'cancelled')),
  text       TEXT NOT NULL,
  source     TEXT NOT NULL,
  parts      SMALLINT NOT NULL CHECK (parts BETWEEN 1 AND 255),
  accepted   SMALLINT NOT NULL,
  arrived    SMALLINT NOT NULL,
  credits    BIGINT NOT NULL,
  ptt        SMALLINT NOT NULL,
  attempts   INTEGER NOT NULL,
  duplicate  BOOLEAN NOT NULL,
  hidden     BOOLEAN NOT NULL,
  rev        BIGINT NOT NULL, -- of the carrier's settings it was sent under
  sent_at    BIGINT NOT NULL,
  done_at    BIGINT NOT NULL,
  error      TEXT NOT NULL,
  refs       TEXT NOT NULL,
  receipt    TEXT NOT NULL,
  PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE INDEX message_indoubt ON message (id) WHERE state = 'indoubt';
-- The bucket keeps new entries of the index together, whatever its size; a look-up asks each bucket.
CREATE INDEX message_receiver ON message ((id / 262144), receiver);

-- What waits for a carrier, in runs of consecutive ids of one job: first to last, those of them that belong to the
-- carrier and still wait.
CREATE TABLE queue (
  carrier_id BIGINT NOT NULL,
  lane       SMALLINT NOT NULL,
  due_at     BIGINT NOT NULL,
  first_id   BIGINT NOT NULL,
  last_id    BIGINT NOT NULL,
  service_id BIGINT NOT NULL,
  job_id     BIGINT NOT NULL,
  attempts   INTEGER NOT NULL,
  touched    BOOLEAN NOT NULL, -- one of its messages was cancelled: they are read before they are sent
  PRIMARY KEY (carrier_id, lane, due_at, first_id)
);
CREATE INDEX queue_service ON queue (service_id, first_id);

-- The intent to send: committed before the first PDU of a batch leaves, removed when each of its messages has ended, is back in
-- the queue, or has its references in the table awaiting. first_id and last_id bound all the runs.
CREATE TABLE claim (
  id         BIGINT PRIMARY KEY,
  node       TEXT NOT NULL,
  carrier_id BIGINT NOT NULL,
  at         BIGINT NOT NULL,
  first_id   BIGINT NOT NULL,
  last_id    BIGINT NOT NULL,
  runs       TEXT NOT NULL
);

-- The carrier's reference of each part whose receipt is awaited.
CREATE TABLE awaiting (
  carrier_id BIGINT NOT NULL,
  ref        TEXT NOT NULL,
  message_id BIGINT NOT NULL,
  part       SMALLINT NOT NULL,
  PRIMARY KEY (carrier_id, ref, message_id, part)
);

-- Receipts that came before their reference was known, or match nothing.
CREATE TABLE parked (
  id          BIGINT PRIMARY KEY,
  carrier_id  BIGINT NOT NULL,
  ref         TEXT NOT NULL,
  receiver    TEXT NOT NULL,
  state       TEXT NOT NULL,
  ptt         SMALLINT NOT NULL,
  error       TEXT NOT NULL,
  raw         TEXT NOT NULL,
  done_at     BIGINT NOT NULL,
  received_at BIGINT NOT NULL
);
CREATE INDEX parked_receiver ON parked (carrier_id, receiver);

-- The forms that the reference of a parked receipt may have in the answer: as it is, hexadecimal, decimal.
CREATE TABLE parked_form (
  carrier_id BIGINT NOT NULL,
  ref        TEXT NOT NULL,
  parked_id  BIGINT NOT NULL,
  PRIMARY KEY (carrier_id, ref, parked_id)
);

-- What happened to a message beyond the normal way, which its own row and its job's tell.
CREATE TABLE event (
  id         BIGINT PRIMARY KEY,
  message_id BIGINT NOT NULL,
  at         BIGINT NOT NULL,
  kind       TEXT NOT NULL,
  text       TEXT NOT NULL
);
CREATE INDEX event_message ON event (message_id, id);

CREATE TABLE conversation (
  number     TEXT NOT NULL,
  receiver   TEXT NOT NULL,
  service_id BIGINT NOT NULL,
  message_id BIGINT NOT NULL,
  at         BIGINT NOT NULL,
  PRIMARY KEY (number, receiver)
);

-- service_id 0: written to a number that no conversation is open on.
CREATE TABLE incoming (
  id          BIGINT PRIMARY KEY,
  service_id  BIGINT NOT NULL,
  carrier_id  BIGINT NOT NULL,
  sender      TEXT NOT NULL,
  number      TEXT NOT NULL,
  text        TEXT NOT NULL,
  tag         TEXT NOT NULL,
  outgoing_id BIGINT NOT NULL,
  created_at  BIGINT NOT NULL
);
CREATE INDEX incoming_service ON incoming (service_id, id);

-- Who wants no more advertising from a service, or only from a sender or tag of it (scope), and how we know.
CREATE TABLE optout (
  service_id  BIGINT NOT NULL,
  receiver    TEXT NOT NULL,
  scope       TEXT NOT NULL,
  source      TEXT NOT NULL CHECK (source IN ('reply', 'import')),
  words       TEXT NOT NULL,
  outgoing_id BIGINT NOT NULL,
  incoming_id BIGINT NOT NULL,
  at          BIGINT NOT NULL,
  PRIMARY KEY (service_id, receiver, scope)
);

-- The answers of requests that carried an Idempotency-Key, kept for 24 hours.
CREATE TABLE idempotency (
  service_id BIGINT NOT NULL,
  key        TEXT NOT NULL,
  hash       BYTEA NOT NULL,
  answer     TEXT NOT NULL,
  at         BIGINT NOT NULL,
  PRIMARY KEY (service_id, key)
);
CREATE INDEX idempotency_at ON idempotency (at);

-- Who may do what only one node may do at a time, until when by the database's clock. The term grows with each taking.
CREATE TABLE lease (
  name   TEXT PRIMARY KEY,
  holder TEXT NOT NULL, -- empty: given up
  term   BIGINT NOT NULL,
  since  BIGINT NOT NULL,
  until  BIGINT NOT NULL
);

-- The last commit of each connection that writes: when the answer to a COMMIT is lost, this tells whether it was done.
CREATE TABLE commit_mark (
  writer TEXT PRIMARY KEY,
  token  TEXT NOT NULL,
  at     BIGINT NOT NULL -- when the connection was made
) WITH (fillfactor = 20);

-- +goose Down
DROP TABLE commit_mark, lease, idempotency, optout, incoming, conversation, event, parked_form, parked, awaiting, claim, queue, message, job, short_number,
  rate, route, carrier_revision, carrier, sender, credential, application, ledger, balance, service, account, sequence;
