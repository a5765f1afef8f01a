-- 2,000 tickets (39 to 2038), their replies and 3,000 cross references.

SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';

-- The numbers 1 to 20,000. Choices below are CRC32 of a number and a letter: the same on every machine.
CREATE TEMPORARY TABLE demo_n (n int NOT NULL PRIMARY KEY)
WITH RECURSIVE k (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < 199)
SELECT a.i * 200 + b.i + 1 AS n FROM k a JOIN k b ON a.i < 100;

START TRANSACTION;

INSERT INTO tbltickets (id, tid, did, userid, contactid, requestor_id, name, email, cc, c, ipaddress, date, title, message, status,
  urgency, admin, attachment, lastreply, flag, clientunread, adminunread, replyingadmin, replyingtime, service, merged_ticket_id,
  editor, updated_at)
SELECT n + 38, LPAD(CRC32(CONCAT(n, 'T')) % 1000000, 6, '0'), ELT(1 + n % 6, 1, 1, 1, 2, 1, 3), IF(n % 11 = 0, 0, c.id), 0, 0,
  IF(n % 11 = 0, 'Guest', CONCAT(c.firstname, ' ', c.lastname)), c.email, '', LEFT(SHA1(CONCAT('c', n)), 8),
  IF(n % 5 = 0, NULL, CONCAT('203.0.113.', 1 + n % 250)), DATE_ADD('2021-03-05 07:30:00', INTERVAL n * 1480 MINUTE),
  ELT(1 + CRC32(CONCAT(n, 'U')) % 8, 'Mail does not arrive', 'Keine Anmeldung möglich seit gestern', 'Prośba o zmianę hasła', 'サイトが表示されません',
    'البريد لا يعمل', 'Invoice: wrong address', 'Certificate warning in "Safari" & others', 'Please move our site'),
  CONCAT_WS('\n\n', ELT(1 + n % 5, 'Hello,', 'Guten Tag,', 'Dzień dobry,', 'お世話になっております。', 'مرحباً،'),
    ELT(1 + CRC32(CONCAT(n, 'V')) % 5, 'since yesterday evening some senders get their messages back: "550 5.1.1 user unknown". The address exists, we can log in.',
      'seit gestern Abend meldet das Programm „Kennwort falsch“, obwohl nichts geändert wurde. Bitte prüfen Sie die Sperrliste.',
      'prosimy o przeniesienie strony na nowszy serwer; obecny jest za wolny.', '今朝からサイトが表示されません。ご確認をお願いいたします。',
      'لا تصل الرسائل منذ صباح اليوم. نرجو المساعدة في أقرب وقت.'), 'Thank you'),
  IF(n > 1900, ELT(1 + n % 4, 'Open', 'Answered', 'Customer-Reply', 'On Hold'), 'Closed'), ELT(1 + n % 3, 'Low', 'Medium', 'High'), '', '',
  DATE_ADD('2021-03-05 09:30:00', INTERVAL n * 1480 + 120 MINUTE), IF(n % 8 = 0, 5, 0), 0, '', 0, '0000-00-00 00:00:00',
  IF(n % 4 = 0, '', CONCAT('S', 1 + CRC32(CONCAT(n, 'W')) % 900)), IF(n % 97 = 0, n + 37, 0), ELT(1 + n % 3, 'plain', 'markdown', 'markdown'),
  '0000-00-00 00:00:00'
FROM demo_n JOIN tblclients c ON c.id = 1 + CRC32(CONCAT(n, 'X')) % 600
WHERE n <= 2000;

INSERT INTO tblticketreplies (id, tid, userid, contactid, requestor_id, name, email, date, message, admin, attachment, rating, editor)
SELECT n, t.id, IF(n % 2, 0, t.userid), 0, 0, IF(n % 2, '', t.name), IF(n % 2, '', t.email),
  DATE_ADD(t.date, INTERVAL 30 + n % 300 MINUTE),
  ELT(1 + CRC32(CONCAT(n, 'R')) % 5, 'We found the cause and mended it. Please try again.', 'Bitte versuchen Sie es jetzt noch einmal.\n\nMit freundlichen Grüßen',
    'Dziękujemy, działa.', '確認できました。ありがとうございます。', 'شكراً، المشكلة حُلّت.'),
  IF(n % 2, 'Marta Żukowska', ''), '', 0, 'plain'
FROM demo_n JOIN tbltickets t ON t.id = 39 + CRC32(CONCAT(n, 'Q')) % 2000
WHERE n <= 4500;

-- Project 100 has two tickets, one of them through an action; project 219 has ticket 2038 by reference 91 and no other.
INSERT INTO tbladdon_wbteampro_ticketxref (xref_id, ticket_id, project_id, action_id, date_created)
SELECT n, t.id, a.project_id, IF(n % 3 = 0, a.action_id, 0), DATE_ADD(t.date, INTERVAL 1 HOUR)
FROM demo_n JOIN tbltickets t ON t.id = 39 + n * 7 % 1999
JOIN tbladdon_wbteampro_action a ON a.action_id = 6 + CRC32(CONCAT(n, 'x')) % 3995
WHERE n <= 3000 AND n NOT IN (91, 100, 101);
INSERT INTO tbladdon_wbteampro_ticketxref (xref_id, ticket_id, project_id, action_id, date_created) VALUES
  (91, 2038, 219, 0, '2026-10-27 14:05:00'),
  (100, 2001, 100, 0, '2026-05-05 09:10:00'),
  (101, 2002, 100, 1, '2026-05-06 11:45:00');

UPDATE tbladdon_wbteampro_timelog l
JOIN (SELECT project_id, MIN(ticket_id) AS ticket_id FROM tbladdon_wbteampro_ticketxref GROUP BY project_id) x
  ON x.project_id = l.project_id
SET l.ticket_id = x.ticket_id WHERE l.timelog_id % 3 = 0;

UPDATE tbladdon_wbteampro_project p
JOIN (SELECT project_id, MAX(date_activity) AS latest FROM tbladdon_wbteampro_topic GROUP BY project_id) t ON t.project_id = p.project_id
SET p.date_activity = GREATEST(p.date_activity, t.latest);

COMMIT;
DROP TEMPORARY TABLE demo_n;
