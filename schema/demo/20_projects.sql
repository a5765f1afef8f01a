-- 3,000 projects and 12,000 actions in two levels. Project 100 is the one to show; 219 is the vendor's sample.

SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';

-- The numbers 1 to 20,000. Choices below are CRC32 of a number and a letter: the same on every machine.
CREATE TEMPORARY TABLE demo_n (n int NOT NULL PRIMARY KEY)
WITH RECURSIVE k (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < 199)
SELECT a.i * 200 + b.i + 1 AS n FROM k a JOIN k b ON a.i < 100;

START TRANSACTION;

INSERT INTO tbladdon_wbteampro_project (project_id, project_name, project_detail, project_notes, project_type, project_status,
  project_function, client_userid, client_hostingid, manager_adminid, assigned_adminid, owner_adminid, visible_status,
  client_visible, billable, date_start, date_finish, date_created)
SELECT n,
  ELT(1 + CRC32(CONCAT(n, 'a')) % 14,
    CONCAT('Migrate mail of ', h.domain, ' to mail', LPAD(n % 9, 2, '0')), CONCAT('Move ', h.domain, ' to web', 10 + n % 30),
    CONCAT('Relaunch of ', h.domain), CONCAT('TLS everywhere: ', h.domain), CONCAT('Backups for ', h.domain, ', daily and off site'),
    CONCAT('Umzug von ', h.domain, ' auf Server ', 10 + n % 30), CONCAT('Größere Datenbank für ', h.domain),
    CONCAT('Przeniesienie poczty ', h.domain, ' – część ', 1 + n % 4), CONCAT('Łącze zapasowe dla ', h.domain),
    CONCAT(h.domain, ' のサーバー移転'), CONCAT('نقل بريد ', h.domain), CONCAT('Rack ', n % 40, ': new switches'),
    CONCAT('Performance review "', h.domain, '" <phase ', 1 + n % 3, '>'), CONCAT('Déménagement & réseau : ', h.domain)),
  CONCAT_WS('\n\n',
    ELT(1 + CRC32(CONCAT(n, 'b')) % 6,
      'The customer moves from a shared server to one of his own. Mail must not be lost, and the web site may be away for ten minutes at most.',
      'Der Kunde wünscht einen Umzug ohne Ausfall. Die TTL der Zone ist am Vortag auf 300 Sekunden zu senken; Rückweg: alter Server läuft weiter.',
      'Klient prosi o przeniesienie wszystkich skrzynek w jeden weekend. Hasła pozostają bez zmian, książki adresowe również.',
      '現在のサーバーから新しいサーバーへ移転します。停止時間は十分以内とし、作業は土曜日の夜に行います。',
      'يرغب العميل في نقل موقعه وبريده إلى خادم جديد دون انقطاع. يجب أخذ نسخة احتياطية كاملة قبل البدء.',
      'Agreed by telephone: fixed price, two weeks, one contact on each side. Everything else costs by the hour.'),
    IF(n % 2, 'What has to be done:\n- read the old machine''s inventory\n- agree on a window\n- copy, check, switch, copy again\n- close the old account after thirty days', NULL),
    IF(n % 5 = 0, 'Known trouble: the old machine still speaks TLS 1.0 only; 3 mailboxes are larger than 20 GiB; a form on the site sends mail through port 25 with no login. The contract says "best effort", the customer remembers "guaranteed" – see the thread.', NULL)),
  IF(n % 3 = 0, ELT(1 + n % 4, 'Call before 10:00 only.', 'Rechnung an die Zentrale, nicht an die Filiale.', 'Uwaga: klient płaci kwartalnie.', 'Invoice after the 15th.'), ''),
  ELT(1 + CRC32(CONCAT(n, 'f')) % 5, 'Migration', 'Migration', 'Maintenance', 'Consulting', 'Installation'),
  IF(n < 2500 AND CRC32(CONCAT(n, 'g')) % 10 < 8, ELT(1 + CRC32(CONCAT(n, 'i')) % 9, 'Cancelled', 'Completed', 'Completed', 'Completed',
    'Completed', 'Completed', 'Completed', 'Completed', 'Completed'),
    ELT(1 + CRC32(CONCAT(n, 'i')) % 6, 'Active', 'Active', 'In Production', 'Paused', 'Waiting for Customer', 'QA')),
  CASE WHEN n % 50 = 7 THEN 'archive' WHEN n % 60 = 11 THEN 'template' ELSE 'default' END,
  h.userid, IF(n % 9 = 0, 0, h.id), ELT(1 + n % 4, 6, 10, 1, 0), ELT(1 + CRC32(CONCAT(n, 'j')) % 8, 0, 0, 2, 5, 7, 8, 9, 12),
  1 + n % 12, ELT(1 + n % 10, '', 'manager', 'related', 'all', 'all', 'all', 'all', 'all', 'all', 'all'),
  IF(n % 4, 'visible', 'hidden'), n % 3 > 0,
  IF(n % 13 = 0, '0000-00-00', DATE_ADD('2021-03-03', INTERVAL n * 984 MINUTE)),
  IF(n % 6 = 0, '0000-00-00', DATE_ADD('2021-03-24', INTERVAL n * 984 + CRC32(CONCAT(n, 'k')) % 90000 MINUTE)),
  DATE_ADD('2021-03-01 08:00:00', INTERVAL n * 984 + CRC32(CONCAT(n, 'm')) % 540 MINUTE)
FROM demo_n JOIN tblhosting h ON h.id = 1 + CRC32(CONCAT(n, 'h')) % 900
WHERE n <= 3000;

UPDATE tbladdon_wbteampro_project SET date_modified = IF(project_id % 8 = 0, '0000-00-00 00:00:00', DATE_ADD(date_created, INTERVAL 200 HOUR)),
  date_activity = DATE_ADD(date_created, INTERVAL 200 HOUR),
  project_complete = CASE project_status WHEN 'Completed' THEN 100 WHEN 'QA' THEN 95 ELSE CRC32(CONCAT(project_id, 'n')) % 10 * 10 END;

UPDATE tbladdon_wbteampro_project SET project_name = 'Migrate mail of nordlicht-verlag.example to mail04',
  project_status = 'In Production', project_function = 'default', project_complete = 60, visible_status = 'all',
  client_visible = 'visible', manager_adminid = 1, assigned_adminid = 5, date_start = '2026-05-04', date_finish = '2026-05-29',
  date_created = '2026-05-04 08:12:00', date_modified = '2026-05-12 08:12:00', date_activity = '2026-05-12 08:12:00',
  project_detail = 'Nordlicht Verlag moves 120 mailboxes from a server that leaves service at the end of the month.\n\nThe window is Saturday, 22:00 to Sunday, 06:00. Nothing may be lost; senders may see a delay of at most an hour.\n\nAnsprechpartnerin: Frau Größer (Übergabe), 山本さん (Außenstelle Osaka), مكتب القاهرة.'
WHERE project_id = 100;
UPDATE tbladdon_wbteampro_project SET project_function = 'default', visible_status = 'all' WHERE project_id = 219;

-- Actions 1 to 4,000 are roots, the others hang below one of them; the first five roots belong to project 100.
INSERT INTO tbladdon_wbteampro_action (action_id, project_id, parent_action_id, level_class, ordering, action_name, action_detail,
  action_notes, action_type, action_status, action_priority, action_complete, action_duration, manager_adminid, assigned_adminid,
  client_visible, billable)
SELECT n, CASE WHEN root <= 5 THEN 100 WHEN CRC32(CONCAT(root, 'r')) % 3000 IN (99, 218) THEN 101 ELSE 1 + CRC32(CONCAT(root, 'r')) % 3000 END,
  IF(root = n, 0, root), IF(root = n, ELT(1 + n % 2, 'milestone', 'group'), 'task'), n % 20,
  ELT(1 + CRC32(CONCAT(n, 'A')) % 14, 'Lower TTL of the zone', 'Copy mailboxes', 'Switch MX', 'Check SPF, DKIM and DMARC',
    'Order certificate', 'Datenbank übertragen', 'Abnahme mit dem Kunden', 'Kopia zapasowa', 'Sprawdzić uprawnienia plików',
    '動作確認', 'اختبار الاستلام', 'Write handover', 'Remove old account', 'Measure & compare'),
  IF(n % 3 = 0, '', ELT(1 + n % 5, 'Ask for the window first; write the result into the topic.',
    'Vorher Sicherung ziehen. Bei Abbruch: alte MX-Einträge zurück, Kunde anrufen.',
    'imapsync with --dry first, then for real, then once more after the switch.\n\nLarge folders go last.',
    'Zapytać o hasło do panelu; nie zapisywać go tutaj.', '土曜日の夜に実施。結果を報告すること。')),
  IF(n % 7 = 0, 'Took longer than planned.', ''), ELT(1 + n % 4, 'Task', 'Task', 'Call', 'Check'),
  ELT(1 + CRC32(CONCAT(n, 'B')) % 6, 'Active', 'Completed', 'Completed', 'Completed', 'Paused', 'In Production'),
  1 + CRC32(CONCAT(n, 'C')) % 3, 0, CRC32(CONCAT(n, 'D')) % 32 * 900, ELT(1 + n % 3, 0, 6, 10),
  ELT(1 + CRC32(CONCAT(n, 'E')) % 8, 0, 1, 2, 5, 7, 8, 9, 12), ELT(1 + n % 4, 'inherit', 'inherit', 'view', 'hidden'), n % 2
FROM (SELECT n, IF(n <= 4000, n, IF(n <= 4012, 1 + n % 5, 1 + CRC32(CONCAT(n, 'p')) % 4000)) AS root FROM demo_n WHERE n <= 12000) a;

UPDATE tbladdon_wbteampro_action a JOIN tbladdon_wbteampro_project p ON p.project_id = a.project_id SET
  a.action_complete = CASE a.action_status WHEN 'Completed' THEN 100 ELSE a.action_id % 10 * 10 END,
  a.date_created = DATE_ADD(p.date_created, INTERVAL a.action_id % 150 HOUR),
  a.date_modified = IF(a.action_id % 5 = 0, '0000-00-00 00:00:00', DATE_ADD(p.date_created, INTERVAL a.action_id % 150 + 20 HOUR)),
  a.date_activity = DATE_ADD(p.date_created, INTERVAL a.action_id % 150 + 20 HOUR),
  a.date_start = IF(a.action_id % 4 = 0, '0000-00-00', DATE(p.date_created)),
  a.date_finish = IF(a.action_id % 3 = 0, '0000-00-00', DATE(DATE_ADD(p.date_created, INTERVAL 7 + a.action_id % 20 DAY)));

UPDATE tbladdon_wbteampro_action a
JOIN (SELECT parent_action_id, COUNT(*) AS children FROM tbladdon_wbteampro_action WHERE parent_action_id > 0 GROUP BY parent_action_id) c
  ON c.parent_action_id = a.action_id
SET a.level_children = c.children;

COMMIT;
DROP TEMPORARY TABLE demo_n;
