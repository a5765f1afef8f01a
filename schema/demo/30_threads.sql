-- 8,000 topics and 3,000 file rows in threads, and 20,000 timelogs.

SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';

-- The numbers 1 to 20,000. Choices below are CRC32 of a number and a letter: the same on every machine.
CREATE TEMPORARY TABLE demo_n (n int NOT NULL PRIMARY KEY)
WITH RECURSIVE k (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < 199)
SELECT a.i * 200 + b.i + 1 AS n FROM k a JOIN k b ON a.i < 100;

START TRANSACTION;

-- In every ten topics: one thread of one post, one of three, one of six. thread_id is the first post's id.
INSERT INTO tbladdon_wbteampro_topic (topic_id, thread_id, project_id, action_id, topic_name, topic_detail, topic_status,
  client_visible, owner_adminid, date_created, date_modified, date_activity)
SELECT t.n, t.thread, a.project_id, IF(t.thread % 3 = 0, a.action_id, 0),
  CONCAT(IF(t.n = t.thread, '', 'Re: '), ELT(1 + CRC32(CONCAT(t.thread, 'a')) % 8, 'Which window suits you?', 'Große Postfächer',
    'Problem z certyfikatem', 'DNS の切り替え', 'موعد النقل', 'Invoice address', 'First copy finished', 'Handover')),
  CONCAT_WS('\n\n', ELT(1 + CRC32(CONCAT(t.n, 'b')) % 7, 'Good morning,', 'Guten Tag,', 'Dzień dobry,', 'お世話になっております。', 'مرحباً،', 'Hello all,', 'Bonjour,'),
    ELT(1 + CRC32(CONCAT(t.n, 'c')) % 6, 'The first copy is through: 118 of 120 mailboxes, the two large ones follow tonight. Nobody has complained so far.',
      'Die beiden großen Postfächer (Lektorat, Herstellung) brauchen die zweite Nacht. Bitte bis dahin keine Ordner umbenennen.',
      'Certyfikat wygasa w piątek. Proszę o potwierdzenie, że możemy użyć nowego klucza.',
      '土曜日の二十二時から作業を始めます。終わりましたらご連絡いたします。', 'تم نسخ جميع الصناديق بنجاح، وسنغيّر سجلات البريد مساء السبت.',
      'Could you ask whether Sunday would do as well? Saturday is the company''s summer party & half the office will be away.'),
    IF(t.n % 4 = 0, '> And what if it fails?\nThen the old MX records come back, which takes five minutes since the TTL is down to 300. Mail that arrived meanwhile lies on the new machine and is copied back by hand; the procedure is in the handover, section 3, and was tried twice.', NULL)),
  IF(t.thread % 70 IN (1, 12), 'closed', 'open'), 'inherit', 1 + CRC32(CONCAT(t.n, 'd')) % 12,
  DATE_ADD(a.date_created, INTERVAL (t.n - t.thread) * 9 + 1 HOUR),
  IF(t.n % 9 = 0, DATE_ADD(a.date_created, INTERVAL (t.n - t.thread) * 9 + 2 HOUR), '0000-00-00 00:00:00'),
  DATE_ADD(a.date_created, INTERVAL (t.n - t.thread) * 9 + 1 + (t.n % 9 = 0) HOUR)
FROM (SELECT n, n - CASE WHEN (n - 1) % 10 = 0 THEN 0 WHEN (n - 1) % 10 < 4 THEN (n - 1) % 10 - 1 ELSE (n - 1) % 10 - 4 END AS thread
      FROM demo_n WHERE n <= 8000) t
JOIN tbladdon_wbteampro_action a ON a.action_id = IF(t.thread <= 20, 1 + t.thread % 5, 6 + CRC32(CONCAT(t.thread, 't')) % 3995);

-- In every five file rows: two files of one version, one of three versions.
INSERT INTO tbladdon_wbteampro_file (file_id, thread_id, project_id, action_id, file_label, file_version, file_name, file_mime,
  file_size, file_detail, file_status, file_path, file_sha256, owner_adminid, date_created)
SELECT f.n, f.thread, a.project_id, IF(f.thread % 4 = 0, a.action_id, 0),
  ELT(1 + f.thread % 6, 'Offer', 'Inventory', 'Plan du réseau', 'Übergabe', 'Umowa', '見積書'), 1 + f.n - f.thread,
  CONCAT(ELT(1 + f.thread % 6, 'offer', 'inventory', 'réseau', 'Übergabe', 'umowa-końcowa', '見積書'), '-', f.thread,
    ELT(1 + f.thread % 4, '.pdf', '.csv', '.png', '.txt')),
  ELT(1 + f.thread % 4, 'application/pdf', 'text/csv', 'image/png', 'text/plain'), 400 + CRC32(CONCAT(f.n, 's')) % 4000000,
  IF(f.n % 3 = 0, 'Sent by the customer', ''), IF(f.thread % 35 = 8, 'closed', 'open'),
  CONCAT('projects/', a.project_id, '/', f.n), SHA2(CONCAT('demo file ', f.n), 256), 1 + f.n % 12,
  DATE_ADD(a.date_created, INTERVAL (f.n - f.thread) * 20 + 2 HOUR)
FROM (SELECT n, n - IF((n - 1) % 5 < 2, 0, (n - 1) % 5 - 2) AS thread FROM demo_n WHERE n BETWEEN 11 AND 3000) f
JOIN tbladdon_wbteampro_action a ON a.action_id = 6 + CRC32(CONCAT(f.thread, 'f')) % 3995;

-- These have bytes: schema/demo/files, copied under files.root/demo by ./dev run.
INSERT INTO tbladdon_wbteampro_file (file_id, thread_id, project_id, action_id, file_label, file_version, file_name, file_mime,
  file_size, file_detail, file_status, file_path, file_sha256, owner_adminid, date_created) VALUES
  (1, 1, 100, 0, 'Offer', 1, 'offer.pdf', 'application/pdf', 620, 'Signed copy is in the folder', 'closed', 'demo/offer.pdf',
   '9930f5702b3838d431bfadf9b9be097ddc22292fb8646fe148988a31f84f18ad', 1, '2026-05-04 11:20:00'),
  (2, 2, 100, 0, 'Inventory', 1, 'mailboxes.csv', 'text/csv', 550, 'Sent by the customer', 'open', 'demo/mailboxes.csv',
   '41928a3ea919f8d0ecd95fa3a60e05fe5685cfff98347d8e3fee6745960bc6d5', 5, '2026-05-05 12:20:00'),
  (3, 3, 100, 1, 'Migration plan', 1, 'migration-plan.pdf', 'application/pdf', 625, '', 'open', 'demo/migration-plan-v1.pdf',
   '0f7cc006b359661151f46e80b3e5b26a0669d160032e752969d5257b63789c3b', 1, '2026-05-06 13:20:00'),
  (4, 3, 100, 1, 'Migration plan', 2, 'migration-plan.pdf', 'application/pdf', 701, 'After the call of 12 May', 'open', 'demo/migration-plan-v2.pdf',
   '74b56e0370165217768058c3d12a57c7611ebb02b99ac6b5641429904f41a53e', 5, '2026-05-07 14:20:00'),
  (5, 5, 100, 0, 'Zone before the switch', 1, 'dns-before.zone', 'text/plain', 317, '', 'open', 'demo/dns-before.zone',
   '55e4e3088a9bc47ab7b8511ee5e710abc522d6ff4f8e3ad2472381ed70097d10', 1, '2026-05-08 15:20:00'),
  (6, 6, 100, 0, 'Rack', 1, 'rack-plan.png', 'image/png', 13534, '', 'open', 'demo/rack-plan.png',
   '24741350b7f94f126e23af360e3b7511050b123fa35a5b566ca03ece7131642b', 5, '2026-05-09 16:20:00'),
  (7, 7, 100, 2, 'imapsync', 1, 'imapsync.log', 'text/plain', 1605, '', 'open', 'demo/imapsync.log',
   '094c624b2ce22333125b88f6e9a5bf95ad4615366d0d4c55386b687844ecdfe6', 1, '2026-05-10 17:20:00'),
  (8, 8, 100, 0, 'Übergabe', 1, 'Übergabe "Größen" – 移行.txt', 'text/plain', 191, '', 'open', 'demo/handover.txt',
   '27e141ffaf577471dc8a674d97491c63f765c9fdbabe7d95ccfdbf7aa12c59bb', 5, '2026-05-11 18:20:00');

-- Half of the timelogs hang on an action; one in five of those names the action alone, as older entries do.
INSERT INTO tbladdon_wbteampro_timelog (timelog_id, project_id, action_id, ticket_id, owner_adminid, timelog_note, timelog_type,
  timelog_status, timelog_start, timelog_stop, timelog_elapsed, timelog_billable, invoice_id)
SELECT n, IF(n % 10 = 4, 0, a.project_id), IF(n % 2, 0, a.action_id), 0, 1 + CRC32(CONCAT(n, 'o')) % 12,
  ELT(1 + CRC32(CONCAT(n, 'n')) % 8, 'Call with the customer', 'Copying and checking', 'Telefonat, danach Prüfung der Einträge', 'Kopiowanie skrzynek',
    '設定と動作確認', 'مكالمة مع العميل', '', 'Night shift: switch, check, report.\nTwo mailboxes copied by hand.'),
  ELT(1 + n % 4, 'Work', 'Work', 'Telephone', 'Travel'), IF(n > 19990, 'active', 'complete'),
  DATE_ADD(a.date_created, INTERVAL n % 160 * 60 + n % 7 * 5 MINUTE),
  IF(n > 19990, '0000-00-00 00:00:00', DATE_ADD(a.date_created, INTERVAL n % 160 * 60 + n % 7 * 5 + 15 * (1 + CRC32(CONCAT(n, 'e')) % 16) MINUTE)),
  IF(n > 19990, 0, 900 * (1 + CRC32(CONCAT(n, 'e')) % 16)), n % 3 > 0, IF(n % 3 > 0 AND n < 15000 AND n % 4 = 0, 7000 + n % 2500, 0)
FROM demo_n
JOIN tbladdon_wbteampro_action a ON a.action_id = IF(n <= 24, 1 + n % 5, 6 + CRC32(CONCAT(n, 'i')) % 11995)
WHERE n <= 20000;

COMMIT;
DROP TEMPORARY TABLE demo_n;
