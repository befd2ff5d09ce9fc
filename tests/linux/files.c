// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file system in memory, worked on by several processes.
 */
#define _GNU_SOURCE /* fallocate, AT_FDCWD */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest_test.h"

#define FILES	100
#define WORKERS 4
#define APPENDS 100

static bool write_pattern(const char *name, unsigned int seed, unsigned int words)
{
	uint32_t buffer[512];
	int file = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0644);
	bool good = file >= 0;

	for (unsigned int i = 0; i < words && good; i += 512) {
		for (unsigned int j = 0; j < 512; j++)
			buffer[j] = (seed + i + j) * 2246822519u;
		good = write(file, buffer, sizeof(buffer)) == (ssize_t)sizeof(buffer);
	}
	return close(file) == 0 && good;
}

static bool has_pattern(const char *name, unsigned int seed, unsigned int words)
{
	uint32_t buffer[512];
	int file = open(name, O_RDONLY);
	bool good = file >= 0;

	for (unsigned int i = 0; i < words && good; i += 512) {
		good = read(file, buffer, sizeof(buffer)) == (ssize_t)sizeof(buffer);
		for (unsigned int j = 0; j < 512 && good; j++)
			good = buffer[j] == (seed + i + j) * 2246822519u;
	}
	good = good && read(file, buffer, 1) == 0;
	close(file);
	return good;
}

static unsigned int count_entries(const char *name)
{
	DIR *folder = opendir(name);
	struct dirent *entry;
	unsigned int count = 0;

	if (!folder)
		return 0;
	while ((entry = readdir(folder)))
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

/* One of several processes: a folder full of files, renamed, checked, removed. */
static int work(void *context)
{
	int worker = *(int *)context;
	char folder[32], name[64], other[64];

	snprintf(folder, sizeof(folder), "worker%d", worker);
	if (mkdir(folder, 0755))
		return 1;
	for (unsigned int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "%s/file%u", folder, i);
		if (!write_pattern(name, (unsigned int)worker * 1000 + i, 512 * (1 + i % 8)))
			return 2;
	}
	for (unsigned int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "%s/file%u", folder, i);
		snprintf(other, sizeof(other), "%s/renamed%u", folder, i);
		if (rename(name, other))
			return 3;
	}
	if (count_entries(folder) != FILES)
		return 4;
	for (unsigned int i = 0; i < FILES; i++) {
		snprintf(other, sizeof(other), "%s/renamed%u", folder, i);
		if (!has_pattern(other, (unsigned int)worker * 1000 + i, 512 * (1 + i % 8)) ||
		    unlink(other))
			return 5;
	}
	return rmdir(folder) ? 6 : 0;
}

static bool workers(void)
{
	pid_t children[WORKERS];
	int status, good = 0;

	for (int i = 0; i < WORKERS; i++) {
		children[i] = fork();
		if (!children[i])
			_exit(work(&i));
	}
	for (int i = 0; i < WORKERS; i++) {
		waitpid(children[i], &status, 0);
		good += exited_with(status, 0);
		if (!exited_with(status, 0))
			note("worker %d: status %x", i, status);
	}
	return good == WORKERS;
}

static bool appends(void)
{
	struct stat info;
	int status, good = 0;

	for (int i = 0; i < WORKERS; i++) {
		if (fork())
			continue;
		int file = open("log", O_CREAT | O_APPEND | O_WRONLY, 0644);

		for (int j = 0; j < APPENDS; j++)
			if (write(file, "a line of text\n", 15) != 15)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < WORKERS; i++)
		good += wait(&status) > 0 && exited_with(status, 0);
	return good == WORKERS && !stat("log", &info) && info.st_size == WORKERS * APPENDS * 15 &&
	       !unlink("log");
}

static void test_kinds(void)
{
	char target[16];
	struct stat info;
	int file = open("sparse", O_CREAT | O_RDWR, 0644);

	check(pwrite(file, "end", 3, 10000000) == 3 && !fstat(file, &info) &&
		      info.st_size == 10000003 && info.st_blocks < 100,
	      "a file with a hole");
	check(!ftruncate(file, 5) && !fstat(file, &info) && info.st_size == 5, "truncate");
	check(!link("sparse", "second") && !fstat(file, &info) && info.st_nlink == 2, "a link");
	check(!unlink("sparse") && !unlink("second") && !fstat(file, &info) && !info.st_nlink,
	      "an open file without a name");
	close(file);
	memset(target, 0, sizeof(target));
	check(!symlink("nowhere", "symbolic") &&
		      readlink("symbolic", target, sizeof(target)) == 7 &&
		      !strcmp(target, "nowhere") && open("symbolic", O_RDONLY) < 0 &&
		      errno == ENOENT && !unlink("symbolic"),
	      "a symbolic link to nowhere");
	file = open("fifo", O_RDONLY | O_NONBLOCK);
	check(file < 0 && !mkfifo("fifo", 0600) &&
		      (file = open("fifo", O_RDONLY | O_NONBLOCK)) >= 0 && !close(file) &&
		      !unlink("fifo"),
	      "a FIFO");
}

static bool locks(void)
{
	int file = open("lock", O_CREAT | O_RDWR, 0644), status;

	if (flock(file, LOCK_EX))
		return false;
	if (!fork()) {
		int again = open("lock", O_RDWR);

		_exit(flock(again, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK);
	}
	wait(&status);
	return exited_with(status, 0) && !close(file) && !unlink("lock");
}

void test_files(void)
{
	char folder[] = "/tmp/filesXXXXXX";

	if (!mkdtemp(folder) || chdir(folder)) {
		check(false, "a folder in /tmp");
		return;
	}
	check(workers(), "four processes: 400 files written, renamed, read, removed");
	check(appends(), "four processes append to one file");
	check(locks(), "a lock keeps others out");
	test_kinds();
	check(count_entries(".") == 0 && !chdir("/") && !rmdir(folder), "nothing is left over");
}
