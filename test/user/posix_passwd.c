/* SPDX-License-Identifier: MIT */
/* The users that /etc/passwd names, in a file with lines that are none. */
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>

#include "test/user/posix_expect.h"

static const char text[] = "root:x:0:0:the first:/:/bin/sh\n"
                           "short:x:5:5\n"
                           "\n"
                           "odd:x:five:5:no number:/:/bin/sh\n"
                           "long:x:6:6:a:/:/bin/sh:more\n"
                           "guest:x:1000:1001::/home/guest:/bin/sh";

static void
user_check(const struct passwd *p)
{
    EXPECT(p != NULL, 1);
    EXPECT(strcmp(p->pw_name, "guest"), 0);
    EXPECT(strcmp(p->pw_passwd, "x"), 0);
    EXPECT(p->pw_uid, 1000);
    EXPECT(p->pw_gid, 1001);
    EXPECT(strcmp(p->pw_gecos, ""), 0);
    EXPECT(strcmp(p->pw_dir, "/home/guest"), 0);
    EXPECT(strcmp(p->pw_shell, "/bin/sh"), 0);
}

int
main(void)
{
    const struct passwd *p;
    int file;

    (void)unlink("/etc/passwd");
    errno = 0;
    EXPECT(getpwuid(0) == NULL && errno == 0, 1); /* nobody is known */
    EXPECT(getpwent() == NULL, 1);
    (void)mkdir("/etc", 0755);
    file = open("/etc/passwd", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    EXPECT(write(file, text, sizeof(text) - 1), sizeof(text) - 1);
    EXPECT(close(file), 0);
    user_check(getpwuid(1000));
    user_check(getpwnam("guest"));
    p = getpwnam("root");
    EXPECT(p != NULL && p->pw_uid == 0, 1);
    EXPECT(getpwnam("odd") == NULL && getpwuid(5) == NULL, 1);
    errno = 0;
    EXPECT(getpwnam("long") == NULL && errno == 0, 1);
    p = getpwent();
    EXPECT(p != NULL && strcmp(p->pw_name, "root") == 0, 1);
    user_check(getpwent());
    EXPECT(getpwent() == NULL, 1);
    setpwent();
    p = getpwent();
    EXPECT(p != NULL && strcmp(p->pw_name, "root") == 0, 1);
    endpwent();
    EXPECT(open("/etc/passwd", O_RDONLY), 3); /* nothing else is open */
    printf("test: passwd ok\n");
    return 0;
}
