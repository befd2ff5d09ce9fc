// SPDX-License-Identifier: GPL-2.0-only
/*
 * The terminal's modes; called by `ringlet run` and by signal handlers.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.h"

#define ENTER_SCREEN "\033[?1049h\033[?25l\033[2J"
#define LEAVE_SCREEN "\033[0m\033[?25h\033[?1049l"

static struct termios saved;
static volatile sig_atomic_t is_raw;
static volatile sig_atomic_t is_screen;

static const int fatal_signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT, SIGSYS };

void terminal_leave(void)
{
	if (is_screen) {
		is_screen = 0;
		terminal_write(LEAVE_SCREEN, sizeof(LEAVE_SCREEN) - 1);
	}
	if (is_raw) {
		is_raw = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	}
}

/* SA_RESETHAND took the handler away: raising it again ends the process. */
static void leave_and_die(int number)
{
	int kept = errno;

	terminal_leave();
	errno = kept;
	raise(number);
}

static void catch_fatal_signals(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = leave_and_die;
	action.sa_flags = (int)(SA_RESETHAND | SA_NODEFER);
	for (size_t i = 0; i < sizeof(fatal_signals) / sizeof(fatal_signals[0]); i++)
		sigaction(fatal_signals[i], &action, NULL);
}

bool terminal_enter(void)
{
	static bool prepared;
	struct termios raw;

	if (!isatty(STDIN_FILENO))
		return false;
	if (!prepared) {
		if (tcgetattr(STDIN_FILENO, &saved))
			return false;
		catch_fatal_signals();
		atexit(terminal_leave);
		prepared = true;
	}
	raw = saved;
	cfmakeraw(&raw);
	raw.c_oflag = saved.c_oflag;
	is_raw = 1;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	return true;
}

void terminal_enter_screen(void)
{
	static bool prepared;

	if (!prepared) {
		catch_fatal_signals();
		atexit(terminal_leave);
		prepared = true;
	}
	is_screen = 1;
	terminal_write(ENTER_SCREEN, sizeof(ENTER_SCREEN) - 1);
}

void terminal_write(const char *text, size_t length)
{
	while (length) {
		ssize_t written = write(STDOUT_FILENO, text, length);

		if (written > 0) {
			text += written;
			length -= (size_t)written;
		} else if (written < 0 && errno == EAGAIN) {
			struct pollfd wait = { .fd = STDOUT_FILENO, .events = POLLOUT };

			poll(&wait, 1, 1000);
		} else if (written < 0 && errno != EINTR) {
			return; /* nobody reads any more; the guest goes on */
		}
	}
}

void terminal_size(unsigned int *rows, unsigned int *columns)
{
	struct winsize size;

	*rows = 26;
	*columns = 80;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		return;
	*rows = size.ws_row;
	*columns = size.ws_col;
}
