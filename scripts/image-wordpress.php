<?php
/**
 * Serves WordPress from PHP's own web server, and installs it with the first request that finds no blog in the database.
 *
 * The database is at 127.0.0.1:3306 of the container's own namespace. Nothing of it is needed before the first request: a
 * listener there may be planted after the start, and the database behind it be started by the connection.
 *
 *   php -S 0.0.0.0:80 /serve.php     each request comes here
 *   php /serve.php install           installs, once
 */
const SITE = '/usr/share/wordpress';
const INSTALLED = '/tmp/installed';

if (PHP_SAPI === 'cli') {
  install();
  exit(0);
}

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$file = realpath(SITE . $path);
if ($file !== false && is_dir($file)) $file = realpath("$file/index.php");
$below = $file !== false && str_starts_with($file, SITE . '/') && is_file($file);
if ($below && !str_ends_with($file, '.php')) return false;
if (!is_file(INSTALLED) && !install_first()) exit;
$script = $below ? $file : SITE . '/index.php';
$_SERVER['SCRIPT_FILENAME'] = $script;
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = substr($script, strlen(SITE));
chdir(dirname($script));
require $script;

/** In a process of its own, because WordPress while it is being installed cannot serve; one at a time. */
function install_first(): bool {
  $lock = fopen('/tmp/installing', 'c');
  flock($lock, LOCK_EX);
  if (is_file(INSTALLED)) return true;
  exec('/usr/bin/php -c /etc/php.ini /serve.php install 2>&1', $said, $code);
  if ($code === 0) {
    touch(INSTALLED);
    return true;
  }
  http_response_code(503);
  header('content-type: text/plain');
  echo "the blog cannot be installed:\n", strip_tags(implode("\n", $said)), "\n";
  return false;
}

function install(): void {
  $_SERVER += ['HTTP_HOST' => 'localhost', 'REQUEST_URI' => '/', 'SERVER_PROTOCOL' => 'HTTP/1.1'];
  $_SERVER['PHP_SELF'] = '/wp-admin/install.php';
  define('WP_INSTALLING', true);
  // WordPress ends with 0 when it cannot reach its database.
  register_shutdown_function(function () { if (!defined('BLOG_INSTALLED')) exit(1); });
  require SITE . '/wp-load.php';
  require_once SITE . '/wp-admin/includes/upgrade.php';
  if (!is_blog_installed()) wp_install('Wormhole shop', 'admin', 'admin@example.org', true, '', 'secret');
  if (!is_blog_installed()) exit(1);
  define('BLOG_INSTALLED', true);
}

/** WordPress would write a mail about it; the first to define this has it. */
function wp_new_blog_notification(): void {
}
