// SPDX-License-Identifier: GPL-2.0-only
/*
 * `ringlet run`: loads the guest, starts the vCPU's thread, and serves the
 * terminal, the screen and the timers in the main thread until the run ends.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"
#include "input.h"
#include "machine.h"
#include "run.h"
#include "screen.h"
#include "stats.h"
#include "terminal.h"
#include "vcpu.h"
#include "vm.h"

#define FRAME_MS    100
#define FULL_MS	    20
#define INPUT_CHUNK 64
#define SECOND_NS   1000000000l
#define GLANCE_NS   SECOND_NS
#define LAST_LINES  25

/* What the service loop waits for. */
enum { POLL_END, POLL_SIGNALS, POLL_TIMEOUT, POLL_TICK, POLL_GLANCE, POLL_INPUT, POLL_COUNT };

/**
 * struct run - one run
 * @live: the terminal shows the guest's screen
 * @plain: the screen is printed as text at the end
 * @input_ended: standard input has no more
 */
struct run {
	struct run_options options;
	struct guest guest;
	struct machine machine;
	struct vm vm;
	struct vcpu vcpu;
	struct screen screen;
	struct input input;
	bool live;
	bool plain;
	bool raw;
	bool input_ended;
	struct pollfd polls[POLL_COUNT];
	uint64_t started;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double seconds_since(uint64_t start)
{
	return (double)(now_ns() - start) / 1e9;
}

/*
 * Linux waits for a timer that only the device can have. Without one its first
 * delay never ends: say so now.
 */
static bool wants_irqchip(const struct run *run)
{
	const struct run_options *options = &run->options;

	if (options->irqchip != IRQCHIP_AUTO)
		return options->irqchip == IRQCHIP_ON;
	if (!run->guest.is_linux || options->timer)
		return false;
	if (vm_offers_irqchip(&run->vm))
		return true;
	complain("%s has no interrupt controllers and no timer: Linux will wait for them for ever",
		 options->device);
	return false;
}

static bool prepare(struct run *run, struct message *error)
{
	struct run_options *options = &run->options;
	struct vm_wishes wishes;
	struct entry_state entry;

	if (!guest_read(&run->guest, options, error))
		return false;
	guest_choose(&run->guest, options);
	if (!machine_init(&run->machine, options, run->live, error))
		return false;
	run->machine.serial.flow_control = run->guest.is_linux;
	if (!load_guest(&run->guest.request, &run->machine.memory, &entry, error) ||
	    !vm_open(&run->vm, options->device, error))
		return false;
	/* Only ringlet has engines: --device may name KVM's. */
	if (run->guest.is_linux && !run->vm.interface && !options->has_engine)
		options->engine = -1;
	vm_choose_cpu(&run->vm, options->cpu, options->engine);
	wishes = (struct vm_wishes){
		.engine = options->engine,
		.engine_name = options->engine_name,
		.irqchip = wants_irqchip(run),
	};
	if (!vm_create(&run->vm, &run->machine.memory, &wishes, error) ||
	    !vm_set_entry(&run->vm, &entry, error))
		return false;
	if (run->vm.has_irqchip)
		machine_connect(&run->machine, &run->vm);
	return true;
}

/* Signals come by signalfd; SIGUSR1 is only for the vCPU's thread. */
static bool open_signals(struct run *run, struct message *error)
{
	const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT };
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	sigemptyset(&signals);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&signals, numbers[i]);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	run->polls[POLL_SIGNALS].fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->polls[POLL_SIGNALS].fd < 0)
		return refuse(error, "cannot make a signalfd: %s", strerror(errno));
	return true;
}

static bool open_timeout(struct run *run, struct message *error)
{
	double seconds = run->options.timeout;
	struct itimerspec when;

	run->polls[POLL_TIMEOUT].fd = -1;
	if (!seconds)
		return true;
	memset(&when, 0, sizeof(when));
	when.it_value.tv_sec = (time_t)seconds;
	when.it_value.tv_nsec = (long)((seconds - (double)when.it_value.tv_sec) * 1e9);
	if (!when.it_value.tv_sec && !when.it_value.tv_nsec)
		when.it_value.tv_nsec = 1;
	run->polls[POLL_TIMEOUT].fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (run->polls[POLL_TIMEOUT].fd < 0 ||
	    timerfd_settime(run->polls[POLL_TIMEOUT].fd, 0, &when, NULL))
		return refuse(error, "cannot make a timer: %s", strerror(errno));
	return true;
}

static bool open_periodic(int *fd, long nanoseconds, struct message *error)
{
	const struct timespec period = { nanoseconds / SECOND_NS, nanoseconds % SECOND_NS };
	const struct itimerspec when = { period, period };

	*fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (*fd < 0 || timerfd_settime(*fd, 0, &when, NULL))
		return refuse(error, "cannot make a timer: %s", strerror(errno));
	return true;
}

/*
 * A vCPU that the device halts with interrupts off never comes back: a guest that
 * has ended in the old way. Look from time to time.
 */
static bool open_timers(struct run *run, struct message *error)
{
	const unsigned int rate = run->options.timer;

	if (rate && !open_periodic(&run->polls[POLL_TICK].fd, SECOND_NS / (long)rate, error))
		return false;
	return !run->vm.has_irqchip || open_periodic(&run->polls[POLL_GLANCE].fd, GLANCE_NS, error);
}

static bool open_polls(struct run *run, struct message *error)
{
	for (int i = 0; i < POLL_COUNT; i++)
		run->polls[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	run->polls[POLL_END].fd = run->machine.control.event;
	run->polls[POLL_INPUT].fd = STDIN_FILENO;
	return open_signals(run, error) && open_timeout(run, error) && open_timers(run, error);
}

static void close_polls(struct run *run)
{
	static const int own[] = { POLL_SIGNALS, POLL_TIMEOUT, POLL_TICK, POLL_GLANCE };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (run->polls[own[i]].fd > 0)
			close(run->polls[own[i]].fd);
}

static void resize_screen(struct run *run)
{
	unsigned int rows, columns;

	terminal_size(&rows, &columns);
	screen_resize(&run->screen, rows, columns);
}

static void enter_terminal(struct run *run)
{
	run->raw = terminal_enter();
	run->input = (struct input){
		.serial = &run->machine.serial,
		.keyboard = run->live ? &run->machine.keyboard : NULL,
		.is_terminal = run->raw,
	};
	if (run->live) {
		terminal_enter_screen();
		resize_screen(run);
	}
}

static void handle_signal(struct run *run, uint32_t number)
{
	switch (number) {
	case SIGWINCH: resize_screen(run); break;
	case SIGCONT:
		/* The shell had the terminal meanwhile. */
		enter_terminal(run);
		break;
	default:
		control_end(&run->machine.control, END_SIGNAL, 128 + (int)number,
			    "ended by signal %u", number);
		break;
	}
}

static void take_signals(struct run *run)
{
	struct signalfd_siginfo info;

	while (read(run->polls[POLL_SIGNALS].fd, &info, sizeof(info)) == sizeof(info))
		handle_signal(run, info.ssi_signo);
}

static void take_input(struct run *run)
{
	uint8_t bytes[INPUT_CHUNK];
	ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (count <= 0) {
		if (!count || (errno != EINTR && errno != EAGAIN))
			run->input_ended = true;
		if (run->input_ended)
			run->polls[POLL_INPUT].fd = -1;
		return;
	}
	switch (input_bytes(&run->input, bytes, (size_t)count)) {
	case INPUT_QUIT:
		control_end(&run->machine.control, END_QUIT, STATUS_QUIT,
			    "ended by the escape key");
		break;
	case INPUT_HELP:
		if (!run->live)
			fputs("\nringlet: Ctrl-] q quits, Ctrl-] Ctrl-] sends Ctrl-]\n", stderr);
		break;
	case INPUT_NONE: break;
	}
}

static void check_watch(struct run *run, const struct screen_image *image)
{
	static char text[SCREEN_TEXT_SIZE];
	struct watch *watch = &run->machine.watch;

	if (!watch->has_until && !watch->has_fail_on)
		return;
	watch_line(watch);
	screen_text(image, text);
	switch (watch_text(watch, text)) {
	case WATCH_UNTIL:
		control_end(&run->machine.control, END_UNTIL, STATUS_OK,
			    "the guest showed what --until waits for");
		break;
	case WATCH_FAIL:
		control_end(&run->machine.control, END_FAIL_ON, STATUS_FAILED,
			    "the guest showed what --fail-on looks for");
		break;
	case WATCH_NOTHING: break;
	}
}

/* Ten times a second; the painting itself, which may block, is not under the lock. */
static void show_frame(struct run *run)
{
	static char paint[SCREEN_PAINT_SIZE];
	struct control *control = &run->machine.control;
	struct screen_image image;
	size_t length;

	pthread_mutex_lock(&control->lock);
	screen_read(&run->machine.memory, &run->machine.vga, &image);
	check_watch(run, &image);
	pthread_mutex_unlock(&control->lock);
	if (!run->live)
		return;
	length = screen_paint(&run->screen, &image, paint);
	if (length)
		terminal_write(paint, length);
}

static void take_events(struct run *run)
{
	struct control *control = &run->machine.control;
	uint64_t count;

	pthread_mutex_lock(&control->lock);
	if (run->polls[POLL_SIGNALS].revents)
		take_signals(run);
	if (run->polls[POLL_INPUT].revents)
		take_input(run);
	if (run->polls[POLL_TIMEOUT].revents &&
	    read(run->polls[POLL_TIMEOUT].fd, &count, sizeof(count)) == sizeof(count))
		control_end(control, END_TIMEOUT, STATUS_TIMEOUT,
			    "the time given by --timeout is over");
	if (run->polls[POLL_TICK].revents &&
	    read(run->polls[POLL_TICK].fd, &count, sizeof(count)) == sizeof(count))
		vcpu_tick(&run->vcpu);
	if (run->polls[POLL_GLANCE].revents &&
	    read(run->polls[POLL_GLANCE].fd, &count, sizeof(count)) == sizeof(count))
		vcpu_kick(&run->vcpu);
	pthread_mutex_unlock(&control->lock);
}

/*
 * What is typed waits in the terminal while the guest's serial port is full; the
 * guest makes room without telling this thread.
 */
static int hold_input(struct run *run)
{
	bool full;

	if (run->input_ended || run->live)
		return -1;
	pthread_mutex_lock(&run->machine.control.lock);
	full = serial_room(&run->machine.serial) < INPUT_CHUNK;
	pthread_mutex_unlock(&run->machine.control.lock);
	run->polls[POLL_INPUT].fd = full ? -1 : STDIN_FILENO;
	return full ? FULL_MS : -1;
}

static void serve(struct run *run)
{
	bool needs_frames = run->live || run->machine.watch.has_until ||
			    run->machine.watch.has_fail_on;

	while (!control_ended(&run->machine.control)) {
		int wait = hold_input(run), ready;

		if (needs_frames && wait < 0)
			wait = FRAME_MS;
		ready = poll(run->polls, POLL_COUNT, wait);
		if (ready > 0)
			take_events(run);
		if (needs_frames)
			show_frame(run);
	}
}

static bool ended_by_itself(enum end_reason reason)
{
	return reason == END_RESET || reason == END_OFF || reason == END_HALTED;
}

/* With --until, a guest that ends by itself did not do what was waited for. */
static int final_status(const struct run *run)
{
	const struct run_end *end = &run->machine.control.end;

	if (run->options.until && ended_by_itself(end->reason))
		return STATUS_FAILED;
	return end->status;
}

static void print_final_screen(struct run *run)
{
	static char text[SCREEN_TEXT_SIZE];
	struct screen_image image;
	size_t length;

	screen_read(&run->machine.memory, &run->machine.vga, &image);
	length = screen_text(&image, text);
	/* Empty rows at the bottom say nothing. */
	while (length > 1 && text[length - 1] == '\n' && text[length - 2] == '\n')
		length--;
	terminal_write(text, length);
}

/* For those who did not see the console. */
static void print_last_words(const struct run *run)
{
	static char text[LAST_WORDS_SIZE + 1];
	const char *lines;

	if (run->machine.serial_file == STDOUT_FILENO && !run->options.serial)
		return;
	lines = last_words_text(&run->machine.last_words, text, LAST_LINES);
	if (*lines)
		fprintf(stderr, "--- the last lines of the guest's serial port\n%s---\n", lines);
}

static void report(struct run *run, double seconds)
{
	const struct run_end *end = &run->machine.control.end;

	if (run->live || run->plain)
		print_final_screen(run);
	fflush(stdout);
	if (run->options.stats != STATS_NONE)
		stats_print(stdout, run->options.stats, &run->vcpu, seconds);
	if (end->reason == END_PANIC)
		print_last_words(run);
	if (!run->options.quiet)
		complain("%s (after %.1f s)", end->sentence.text, seconds);
	if (end->reason == END_TRIPLE_FAULT || end->reason == END_STOPPED ||
	    end->reason == END_TIMEOUT)
		vcpu_print_registers(&run->vcpu);
}

/*
 * A kernel that panics may reset or halt the machine afterwards, and one that
 * restarts may do so by a triple fault: what it said before tells.
 */
static void judge_last_words(struct run *run)
{
	const struct last_words *words = &run->machine.last_words;
	struct run_end *end = &run->machine.control.end;

	if (words->panicked && (ended_by_itself(end->reason) || end->reason == END_TRIPLE_FAULT)) {
		end->reason = END_PANIC;
		end->status = STATUS_PANIC;
		fill_message(&end->sentence, "the guest's kernel panicked: %s", words->reason.text);
	} else if (words->restarting && end->reason == END_TRIPLE_FAULT) {
		end->reason = END_RESET;
		end->status = STATUS_OK;
		fill_message(&end->sentence, "the guest reset the machine by a triple fault");
	}
}

/* What --until or --fail-on look for may have been the guest's last words. */
static void check_last_words(struct run *run)
{
	struct run_end *end = &run->machine.control.end;
	const struct run_end before = *end;
	struct screen_image image;

	if (!ended_by_itself(before.reason))
		return;
	screen_read(&run->machine.memory, &run->machine.vga, &image);
	end->reason = END_NONE;
	check_watch(run, &image);
	if (end->reason == END_NONE)
		*end = before;
}

int run(const struct run_options *options)
{
	static struct run run;
	struct message error;
	double seconds;
	int status;

	run.options = *options;
	run.plain = options->screen == SCREEN_PLAIN ||
		    (options->screen == SCREEN_AUTO && !isatty(STDOUT_FILENO));
	run.live = options->screen != SCREEN_NONE && !run.plain;
	run.vcpu.tick.rate = options->timer;
	run.vm = (struct vm){ .device = -1, .fd = -1, .vcpu = -1 };
	if (!prepare(&run, &error) || !open_polls(&run, &error) ||
	    !vcpu_start(&run.vcpu, &run.vm, &run.machine, &error)) {
		complain("%s", error.text);
		status = STATUS_USAGE;
		goto out;
	}
	run.started = now_ns();
	enter_terminal(&run);
	serve(&run);
	if (!vcpu_stop(&run.vcpu)) {
		terminal_leave();
		complain("the virtual CPU does not return from %s; please report this",
			 options->device);
		_exit(STATUS_STOPPED);
	}
	seconds = seconds_since(run.started);
	judge_last_words(&run);
	check_last_words(&run);
	terminal_leave();
	report(&run, seconds);
	status = final_status(&run);
out:
	close_polls(&run);
	vm_close(&run.vm);
	machine_free(&run.machine);
	guest_free(&run.guest);
	return status;
}
