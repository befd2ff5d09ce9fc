// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tool on a terminal of its own, in a disposable host: what a person types
 * reaches the guest byte by byte, and afterwards the terminal is as it was.
 * Prints TAP. Usage: tool_pty TOOL DEVICE GUEST
 */
#define _GNU_SOURCE /* openpty, TIOCSCTTY */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tool_test.h"

#define PATIENCE_MS 60000
#define STEP_MS	    20

static char **arguments;
static char output[65536];
static size_t output_length;
static int master, slave;

/* A session whose terminal is the slave. */
static pid_t start_tool(const char *letter)
{
	pid_t child = fork();

	if (child)
		return child;
	setsid();
	ioctl(slave, TIOCSCTTY, 0);
	for (int fd = 0; fd <= 2; fd++)
		dup2(slave, fd);
	execlp(arguments[1], "ringlet", "run", "--device", arguments[2], "--kernel", arguments[3],
	       "--memory", "2M", "--append", letter, "--debug-exit", "--timeout", "50", NULL);
	_exit(99);
}

static void take_output(void)
{
	struct pollfd wait = { .fd = master, .events = POLLIN };
	ssize_t count;

	if (poll(&wait, 1, STEP_MS) != 1 || output_length >= sizeof(output))
		return;
	count = read(master, output + output_length, sizeof(output) - output_length);
	if (count > 0)
		output_length += (size_t)count;
}

static bool is_raw(void)
{
	struct termios now;

	return !tcgetattr(slave, &now) && !(now.c_lflag & (ICANON | ISIG | ECHO));
}

/* Type @input once the terminal is raw. Return: the tool's status; -1 if it hangs. */
static int run_tool(const char *letter, const char *input, size_t length)
{
	pid_t child = start_tool(letter);
	bool typed = false;
	int status;

	output_length = 0;
	for (int waited = 0; waited < PATIENCE_MS; waited += STEP_MS) {
		take_output();
		if (waitpid(child, &status, WNOHANG) == child) {
			for (int i = 0; i < 5; i++)
				take_output();
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
		if (!typed && is_raw())
			typed = write(master, input, length) == (ssize_t)length;
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return -1;
}

static bool same_terminal(const struct termios *before, const struct winsize *size)
{
	struct termios now;
	struct winsize size_now;

	return !tcgetattr(slave, &now) && !ioctl(slave, TIOCGWINSZ, &size_now) &&
	       now.c_iflag == before->c_iflag && now.c_oflag == before->c_oflag &&
	       now.c_cflag == before->c_cflag && now.c_lflag == before->c_lflag &&
	       !memcmp(now.c_cc, before->c_cc, sizeof(now.c_cc)) &&
	       !memcmp(size, &size_now, sizeof(size_now));
}

int main(int argc, char **argv)
{
	/* What a terminal makes signals and ends of: Ctrl-C, Z, \, D, S, Q, V. */
	static const char keys[] = "a\003\032\034\004\023\021\026z";
	const struct winsize size = { .ws_row = 40, .ws_col = 132 };
	struct termios before;

	if (argc != 4)
		return 2;
	arguments = argv;
	if (openpty(&master, &slave, NULL, NULL, &size) || tcgetattr(slave, &before))
		return 1;

	begin_test();
	CHECK_EQUAL(run_tool("k", "a\003\032\034\004\023\021\026zq", 10), 10);
	CHECK(memmem(output, output_length, keys, sizeof(keys) - 1));
	CHECK(same_terminal(&before, &size));
	end_test("Ctrl-C and its like reach the guest; the terminal is as it was");

	begin_test();
	CHECK_EQUAL(run_tool("k", "\035q", 2), 130);
	CHECK(memmem(output, output_length, "ended by the escape key", 23));
	CHECK(same_terminal(&before, &size));
	end_test("Ctrl-] q ends the run; the terminal is as it was");

	begin_test();
	CHECK_EQUAL(run_tool("k", "\035?\035\035q", 5), 10);
	CHECK(memmem(output, output_length, "Ctrl-] q quits", 14));
	CHECK(memmem(output, output_length, "\035q", 2));
	end_test("Ctrl-] with another key reminds, twice sends it");

	begin_test();
	CHECK_EQUAL(run_tool("d", "", 0), 3);
	CHECK(same_terminal(&before, &size));
	end_test("a guest that crashes leaves the terminal as it was");
	return end_tests();
}
