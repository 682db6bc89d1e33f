#include <stdio.h>

struct till {
    int cents; /* -> till */
};

/* Takes some. */
static int *pay(struct till *t,
                int cents)
{
    t->cents -= cents; /* -> pay */
    return &t->cents;
}

int main(int argc, char **argv) {
    return argc; /* -> main */
}
