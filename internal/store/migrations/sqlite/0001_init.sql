-- +goose Up
-- Times are microseconds since 1970 UTC, 0 = never. Credits are thousandths. Ids are handed out in blocks (table sequence)
-- and stay below 2^53, so that JavaScript clients can hold them.

CREATE TABLE sequence (
  name TEXT PRIMARY KEY,
  next INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO sequence (name, next) VALUES ('message', 1), ('object', 1);

CREATE TABLE account (
  id          INTEGER PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  country     TEXT NOT NULL,
  description TEXT NOT NULL,
  operator    BOOLEAN NOT NULL,
  created_at  INTEGER NOT NULL
);

CREATE TABLE service (
  id          INTEGER PRIMARY KEY,
  account_id  INTEGER NOT NULL REFERENCES account (id),
  name        TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  channel     TEXT NOT NULL CHECK (channel IN ('transactional', 'marketing')),
  status      TEXT NOT NULL CHECK (status IN ('enable', 'disable')),
  settings    TEXT NOT NULL,
  created_at  INTEGER NOT NULL
);
CREATE INDEX service_account ON service (account_id);

-- The books of a service, in double entry: whatever is moved, the sum stays zero. The row of service 0 has no money; its
-- rev counts changes of what all services share (carriers, routes, rates, short numbers), the others' rev those of the
-- service itself (settings, senders, opt-outs). A plan made under an older rev is made again.
CREATE TABLE balance (
  service_id INTEGER PRIMARY KEY,
  available  INTEGER NOT NULL CHECK (available >= 0),
  held       INTEGER NOT NULL CHECK (held >= 0),
  quota      INTEGER NOT NULL CHECK (quota >= 0),
  used       INTEGER NOT NULL CHECK (used >= 0),
  issued     INTEGER NOT NULL,
  rev        INTEGER NOT NULL,
  CHECK (available + held + quota + used + issued = 0)
);
INSERT INTO balance (service_id, available, held, quota, used, issued, rev) VALUES (0, 0, 0, 0, 0, 0, 1);

CREATE TABLE ledger (
  id         INTEGER NOT NULL,
  service_id INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('order', 'hold', 'capture', 'release', 'refund', 'transfer')),
  debit      TEXT NOT NULL CHECK (debit IN ('available', 'held', 'quota', 'used', 'issued')),
  credit     TEXT NOT NULL CHECK (credit IN ('available', 'held', 'quota', 'used', 'issued')),
  amount     INTEGER NOT NULL CHECK (amount > 0),
  job_id     INTEGER NOT NULL,
  note       TEXT NOT NULL,
  PRIMARY KEY (service_id, id)
) WITHOUT ROWID;

CREATE TABLE application (
  id          INTEGER PRIMARY KEY,
  account_id  INTEGER NOT NULL REFERENCES account (id),
  key         TEXT NOT NULL UNIQUE,
  secret      BLOB NOT NULL,
  name        TEXT NOT NULL,
  description TEXT NOT NULL,
  status      TEXT NOT NULL CHECK (status IN ('active', 'blocked', 'inactive', 'trusted')),
  created_at  INTEGER NOT NULL
);

CREATE TABLE credential (
  id             INTEGER PRIMARY KEY,
  account_id     INTEGER NOT NULL REFERENCES account (id),
  application_id INTEGER NOT NULL REFERENCES application (id),
  key_hash       BLOB NOT NULL UNIQUE,
  status         TEXT NOT NULL CHECK (status IN ('pendingValidation', 'validated', 'refused', 'expired')),
  rules          TEXT NOT NULL,
  allowed_ips    TEXT NOT NULL,
  created_at     INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL,
  last_use       INTEGER NOT NULL
);
CREATE INDEX credential_account ON credential (account_id);

CREATE TABLE sender (
  service_id  INTEGER NOT NULL REFERENCES service (id),
  sender      TEXT NOT NULL,
  type        TEXT NOT NULL CHECK (type IN ('alpha', 'numeric', 'shortcode', 'virtual', 'time2chat')),
  status      TEXT NOT NULL CHECK (status IN ('waitingValidation', 'enable', 'disable', 'refused')),
  description TEXT NOT NULL,
  reason      TEXT NOT NULL,
  comment     TEXT NOT NULL,
  referer     TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (service_id, sender)
) WITHOUT ROWID;
CREATE INDEX sender_waiting ON sender (created_at) WHERE status = 'waitingValidation';

CREATE TABLE carrier (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  kind       TEXT NOT NULL CHECK (kind IN ('smpp')),
  enabled    BOOLEAN NOT NULL,
  rev        INTEGER NOT NULL,
  settings   TEXT NOT NULL,
  password   BLOB NOT NULL,
  created_at INTEGER NOT NULL
);

-- Every form that a carrier's settings have had, so that a message's trail can show the PDU that was sent under one of them.
CREATE TABLE carrier_revision (
  carrier_id INTEGER NOT NULL,
  rev        INTEGER NOT NULL,
  settings   TEXT NOT NULL,
  PRIMARY KEY (carrier_id, rev)
) WITHOUT ROWID;

CREATE TABLE route (
  id          INTEGER PRIMARY KEY,
  position    INTEGER NOT NULL,
  country     TEXT NOT NULL,
  prefix      TEXT NOT NULL,
  service     TEXT NOT NULL,
  sender      TEXT NOT NULL,
  tag         TEXT NOT NULL,
  carrier_id  INTEGER NOT NULL REFERENCES carrier (id),
  description TEXT NOT NULL,
  enabled     BOOLEAN NOT NULL
);

CREATE TABLE rate (
  country TEXT PRIMARY KEY,
  credits INTEGER NOT NULL CHECK (credits >= 0)
) WITHOUT ROWID;

CREATE TABLE short_number (
  number     TEXT PRIMARY KEY,
  country    TEXT NOT NULL,
  carrier_id INTEGER NOT NULL REFERENCES carrier (id)
) WITHOUT ROWID;

CREATE TABLE job (
  id            INTEGER PRIMARY KEY,
  service_id    INTEGER NOT NULL,
  credential_id INTEGER NOT NULL,
  query_id      TEXT NOT NULL,
  text          TEXT NOT NULL,
  sender        TEXT NOT NULL,
  tag           TEXT NOT NULL,
  class         TEXT NOT NULL,
  lane          INTEGER NOT NULL CHECK (lane BETWEEN 0 AND 3),
  validity      INTEGER NOT NULL,
  deferred      INTEGER NOT NULL,
  marketing     BOOLEAN NOT NULL,
  unicode       BOOLEAN NOT NULL,
  created_at    INTEGER NOT NULL,
  due_at        INTEGER NOT NULL,
  delay         TEXT NOT NULL, -- why it is due later than ordered
  hours         TEXT NOT NULL, -- sending hours that it keeps
  count         INTEGER NOT NULL CHECK (count > 0),
  credits       INTEGER NOT NULL
);
CREATE INDEX job_service ON job (service_id, id);
CREATE INDEX job_tag ON job (service_id, tag, id) WHERE tag <> '';

-- sending is not among the stored states: a row of claim stands for all the messages that it lists.
CREATE TABLE message (
  id         INTEGER PRIMARY KEY,
  service_id INTEGER NOT NULL,
  job_id     INTEGER NOT NULL,
  receiver   TEXT NOT NULL,
  country    TEXT NOT NULL,
  carrier_id INTEGER NOT NULL,
  route_id   INTEGER NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('held', 'scheduled', 'queued', 'indoubt', 'sent', 'buffered', 'delivered',
                                            'failed', 'expired', 'refused', 'cancelled')),
  text       TEXT NOT NULL,
  source     TEXT NOT NULL,
  parts      INTEGER NOT NULL CHECK (parts BETWEEN 1 AND 255),
  accepted   INTEGER NOT NULL,
  arrived    INTEGER NOT NULL,
  credits    INTEGER NOT NULL,
  ptt        INTEGER NOT NULL,
  attempts   INTEGER NOT NULL,
  duplicate  BOOLEAN NOT NULL,
  hidden     BOOLEAN NOT NULL,
  rev        INTEGER NOT NULL, -- of the carrier's settings it was sent under
  sent_at    INTEGER NOT NULL,
  done_at    INTEGER NOT NULL,
  error      TEXT NOT NULL,
  refs       TEXT NOT NULL,
  receipt    TEXT NOT NULL
);
CREATE INDEX message_indoubt ON message (id) WHERE state = 'indoubt';
-- The bucket keeps new entries of the index together, whatever its size; a look-up asks each bucket.
CREATE INDEX message_receiver ON message ((id / 262144), receiver);

-- What waits for a carrier, in runs of consecutive ids of one job: first to last, those of them that belong to the
-- carrier and still wait.
CREATE TABLE queue (
  carrier_id INTEGER NOT NULL,
  lane       INTEGER NOT NULL,
  due_at     INTEGER NOT NULL,
  first_id   INTEGER NOT NULL,
  last_id    INTEGER NOT NULL,
  service_id INTEGER NOT NULL,
  job_id     INTEGER NOT NULL,
  attempts   INTEGER NOT NULL,
  touched    BOOLEAN NOT NULL, -- one of its messages was cancelled: they are read before they are sent
  PRIMARY KEY (carrier_id, lane, due_at, first_id)
) WITHOUT ROWID;
CREATE INDEX queue_service ON queue (service_id, first_id);

-- The intent to send: committed before the first PDU of a batch leaves, removed when each of its messages has ended, is back in
-- the queue, or has its references in the table awaiting. first_id and last_id bound all the runs.
CREATE TABLE claim (
  id         INTEGER PRIMARY KEY,
  node       TEXT NOT NULL,
  carrier_id INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  first_id   INTEGER NOT NULL,
  last_id    INTEGER NOT NULL,
  runs       TEXT NOT NULL
);

-- The carrier's reference of each part whose receipt is awaited.
CREATE TABLE awaiting (
  carrier_id INTEGER NOT NULL,
  ref        TEXT NOT NULL,
  message_id INTEGER NOT NULL,
  part       INTEGER NOT NULL,
  PRIMARY KEY (carrier_id, ref, message_id, part)
) WITHOUT ROWID;

-- Receipts that came before their reference was known, or match nothing.
CREATE TABLE parked (
  id          INTEGER PRIMARY KEY,
  carrier_id  INTEGER NOT NULL,
  ref         TEXT NOT NULL,
  receiver    TEXT NOT NULL,
  state       TEXT NOT NULL,
  ptt         INTEGER NOT NULL,
  error       TEXT NOT NULL,
  raw         TEXT NOT NULL,
  done_at     INTEGER NOT NULL,
  received_at INTEGER NOT NULL
);
CREATE INDEX parked_receiver ON parked (carrier_id, receiver);

-- The forms that the reference of a parked receipt may have in the answer: as it is, hexadecimal, decimal.
CREATE TABLE parked_form (
  carrier_id INTEGER NOT NULL,
  ref        TEXT NOT NULL,
  parked_id  INTEGER NOT NULL,
  PRIMARY KEY (carrier_id, ref, parked_id)
) WITHOUT ROWID;

-- What happened to a message beyond the normal way, which its own row and its job's tell.
CREATE TABLE event (
  id         INTEGER PRIMARY KEY,
  message_id INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  text       TEXT NOT NULL
);
CREATE INDEX event_message ON event (message_id, id);

CREATE TABLE conversation (
  number     TEXT NOT NULL,
  receiver   TEXT NOT NULL,
  service_id INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (number, receiver)
) WITHOUT ROWID;

-- service_id 0: written to a number that no conversation is open on.
CREATE TABLE incoming (
  id          INTEGER PRIMARY KEY,
  service_id  INTEGER NOT NULL,
  carrier_id  INTEGER NOT NULL,
  sender      TEXT NOT NULL,
  number      TEXT NOT NULL,
  text        TEXT NOT NULL,
  tag         TEXT NOT NULL,
  outgoing_id INTEGER NOT NULL,
  created_at  INTEGER NOT NULL
);
CREATE INDEX incoming_service ON incoming (service_id, id);

-- Who wants no more advertising from a service, or only from a sender or tag of it (scope), and how we know.
CREATE TABLE optout (
  service_id  INTEGER NOT NULL,
  receiver    TEXT NOT NULL,
  scope       TEXT NOT NULL,
  source      TEXT NOT NULL CHECK (source IN ('reply', 'import')),
  words       TEXT NOT NULL,
  outgoing_id INTEGER NOT NULL,
  incoming_id INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  PRIMARY KEY (service_id, receiver, scope)
) WITHOUT ROWID;

-- The answers of requests that carried an Idempotency-Key, kept for 24 hours.
CREATE TABLE idempotency (
  service_id INTEGER NOT NULL,
  key        TEXT NOT NULL,
  hash       BLOB NOT NULL,
  answer     TEXT NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (service_id, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_at ON idempotency (at);

-- Who may do what only one node may do at a time, until when by the database's clock. The term grows with each taking.
CREATE TABLE lease (
  name   TEXT PRIMARY KEY,
  holder TEXT NOT NULL, -- empty: given up
  term   INTEGER NOT NULL,
  since  INTEGER NOT NULL,
  until  INTEGER NOT NULL
) WITHOUT ROWID;

-- +goose Down
DROP TABLE lease;
DROP TABLE idempotency;
DROP TABLE optout;
DROP TABLE incoming;
DROP TABLE conversation;
DROP TABLE event;
DROP TABLE parked_form;
DROP TABLE parked;
DROP TABLE awaiting;
DROP TABLE claim;
DROP TABLE queue;
DROP TABLE message;
DROP TABLE job;
DROP TABLE short_number;
DROP TABLE rate;
DROP TABLE route;
DROP TABLE carrier_revision;
DROP TABLE carrier;
DROP TABLE sender;
DROP TABLE credential;
DROP TABLE application;
DROP TABLE ledger;
DROP TABLE balance;
DROP TABLE service;
DROP TABLE account;
DROP TABLE sequence;
