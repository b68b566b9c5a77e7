-- Old boots of a card are dropped unless an attempt refers to them: both ways are looked up.
CREATE INDEX boot_of_attempt ON boot (attempt);
CREATE INDEX attempt_of_boot ON attempt (boot);
