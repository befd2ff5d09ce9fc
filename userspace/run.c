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

#include "file.h"
#include "input.h"
#include "machine.h"
#include "run.h"
#include "screen.h"
#include "stats.h"
#include "terminal.h"
#include "vcpu.h"
#include "vm.h"

#define FRAME_MS    100
#define INPUT_CHUNK 64

/* What the service loop waits for. */
enum { POLL_END, POLL_SIGNALS, POLL_TIMEOUT, POLL_TICK, POLL_INPUT, POLL_COUNT };

/**
 * struct run - one run
 * @live: the terminal shows the guest's screen
 * @plain: the screen is printed as text at the end
 */
struct run {
	const struct run_options *options;
	struct machine machine;
	struct vm vm;
	struct vcpu vcpu;
	struct screen screen;
	struct input input;
	bool live;
	bool plain;
	bool raw;
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

static bool load_files(struct run *run, struct entry_state *entry, struct message *error)
{
	const struct run_options *options = run->options;
	struct file kernel = { NULL, 0 }, initrd = { NULL, 0 };
	struct load_request request;
	bool done = file_read(&kernel, options->kernel, "--kernel", error) &&
		    (!options->initrd || file_read(&initrd, options->initrd, "--initrd", error));

	if (done) {
		request = (struct load_request){
			.kernel = kernel.data,
			.kernel_size = kernel.size,
			.kernel_name = options->kernel,
			.initrd = initrd.data,
			.initrd_size = initrd.size,
			.initrd_name = options->initrd,
			.command_line = options->append,
			.format = options->format,
		};
		done = load_guest(&request, &run->machine.memory, entry, error);
	}
	file_free(&kernel);
	file_free(&initrd);
	return done;
}

static bool prepare(struct run *run, struct message *error)
{
	const struct run_options *options = run->options;
	struct entry_state entry;

	if (!machine_init(&run->machine, options, run->live, error) ||
	    !load_files(run, &entry, error) || !vm_open(&run->vm, options->device, error))
		return false;
	vm_choose_cpu(&run->vm, options->cpu, options->engine);
	return vm_create(&run->vm, &run->machine.memory, options->engine, options->engine_name,
			 error) &&
	       vm_set_entry(&run->vm, &entry, error);
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
	double seconds = run->options->timeout;
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

static bool open_tick(struct run *run, struct message *error)
{
	const unsigned int rate = run->options->timer;
	struct itimerspec when;

	if (!rate)
		return true;
	memset(&when, 0, sizeof(when));
	when.it_interval.tv_sec = rate == 1;
	when.it_interval.tv_nsec = rate == 1 ? 0 : 1000000000 / (long)rate;
	when.it_value = when.it_interval;
	run->polls[POLL_TICK].fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (run->polls[POLL_TICK].fd < 0 ||
	    timerfd_settime(run->polls[POLL_TICK].fd, 0, &when, NULL))
		return refuse(error, "cannot make a timer: %s", strerror(errno));
	return true;
}

static bool open_polls(struct run *run, struct message *error)
{
	for (int i = 0; i < POLL_COUNT; i++)
		run->polls[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	run->polls[POLL_END].fd = run->machine.control.event;
	run->polls[POLL_INPUT].fd = STDIN_FILENO;
	return open_signals(run, error) && open_timeout(run, error) && open_tick(run, error);
}

static void close_polls(struct run *run)
{
	if (run->polls[POLL_SIGNALS].fd > 0)
		close(run->polls[POLL_SIGNALS].fd);
	if (run->polls[POLL_TIMEOUT].fd > 0)
		close(run->polls[POLL_TIMEOUT].fd);
	if (run->polls[POLL_TICK].fd > 0)
		close(run->polls[POLL_TICK].fd);
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
	pthread_mutex_unlock(&control->lock);
}

static void serve(struct run *run)
{
	bool needs_frames = run->live || run->machine.watch.has_until ||
			    run->machine.watch.has_fail_on;

	while (!control_ended(&run->machine.control)) {
		int ready = poll(run->polls, POLL_COUNT, needs_frames ? FRAME_MS : -1);

		if (ready > 0)
			take_events(run);
		if (needs_frames)
			show_frame(run);
	}
}

/* With --until, a guest that ends by itself did not do what was waited for. */
static int final_status(const struct run *run)
{
	const struct run_end *end = &run->machine.control.end;

	if (run->options->until && (end->reason == END_RESET || end->reason == END_HALTED))
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

static void report(struct run *run, double seconds)
{
	const struct run_end *end = &run->machine.control.end;

	if (run->live || run->plain)
		print_final_screen(run);
	fflush(stdout);
	if (run->options->stats != STATS_NONE)
		stats_print(stdout, run->options->stats, &run->vcpu, seconds);
	if (!run->options->quiet)
		complain("%s (after %.1f s)", end->sentence.text, seconds);
	if (end->reason == END_TRIPLE_FAULT || end->reason == END_STOPPED ||
	    end->reason == END_TIMEOUT)
		vcpu_print_registers(&run->vcpu);
}

/* What --until or --fail-on look for may have been the guest's last words. */
static void check_last_words(struct run *run)
{
	struct run_end *end = &run->machine.control.end;
	const struct run_end before = *end;
	struct screen_image image;

	if (before.reason != END_RESET && before.reason != END_HALTED)
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

	run.options = options;
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
	check_last_words(&run);
	terminal_leave();
	report(&run, seconds);
	status = final_status(&run);
out:
	close_polls(&run);
	vm_close(&run.vm);
	machine_free(&run.machine);
	return status;
}
