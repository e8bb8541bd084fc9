/*
 * A JVMTI agent that throws java.lang.ThreadDeath in one Java thread, which Thread.stop did before JDK 20.
 *
 * The REPL driver loads it into the session's JVM (src/repl/sparkgate_repl/jvm_attach.py) when a Scala cell
 * ignores interrupts. Options: the id of the thread. It looks once more whether the thread still runs the
 * user's code, since an exception thrown anywhere else would break the driver.
 *
 * Runs on the JVM's attach thread. Agent_OnAttach returns an agent_result.
 */
#include <jvmti.h>
#include <stdlib.h>
#include <string.h>

enum agent_result {
    STOPPED = 0,
    NOTHING_TO_STOP = 1, /* no such thread, or it has left the user's code */
    NO_ENVIRONMENT = 2,
    NO_CAPABILITY = 3,
    NO_EXCEPTION = 4,
    NOT_STOPPED = 5
};

enum { FRAMES_AT_ONCE = 128 };

/* Whether the class belongs to a cell; the driver's jvm_stop.py has the same list. */
static int is_user_code(jvmtiEnv *jvmti, JNIEnv *jni, jmethodID method)
{
    jclass declaring = NULL;
    char *signature = NULL;
    int result = 0;
    if ((*jvmti)->GetMethodDeclaringClass(jvmti, method, &declaring) != JVMTI_ERROR_NONE)
        return 0;
    if ((*jvmti)->GetClassSignature(jvmti, declaring, &signature, NULL) == JVMTI_ERROR_NONE) {
        result = strncmp(signature, "L$line", 6) == 0 || strncmp(signature, "Lsparkgate/Values", 17) == 0;
        (*jvmti)->Deallocate(jvmti, (unsigned char *)signature);
    }
    (*jni)->DeleteLocalRef(jni, declaring);
    return result;
}

static int runs_user_code(jvmtiEnv *jvmti, JNIEnv *jni, jthread thread)
{
    jvmtiFrameInfo frames[FRAMES_AT_ONCE];
    jint depth = 0;
    for (;;) {
        jint count = 0;
        if ((*jvmti)->GetStackTrace(jvmti, thread, depth, FRAMES_AT_ONCE, frames, &count) != JVMTI_ERROR_NONE)
            return 0;
        for (jint i = 0; i < count; i++)
            if (is_user_code(jvmti, jni, frames[i].method))
                return 1;
        if (count < FRAMES_AT_ONCE)
            return 0;
        depth += count;
    }
}

/* The live thread with that id, as a local reference, or NULL. */
static jthread find_thread(jvmtiEnv *jvmti, JNIEnv *jni, jlong id)
{
    jint count = 0;
    jthread *threads = NULL;
    jthread found = NULL;
    jclass thread_class = (*jni)->FindClass(jni, "java/lang/Thread");
    jmethodID get_id = thread_class ? (*jni)->GetMethodID(jni, thread_class, "getId", "()J") : NULL;
    if (get_id == NULL || (*jvmti)->GetAllThreads(jvmti, &count, &threads) != JVMTI_ERROR_NONE)
        return NULL;
    for (jint i = 0; i < count; i++) {
        if (found == NULL && (*jni)->CallLongMethod(jni, threads[i], get_id) == id)
            found = threads[i];
        else
            (*jni)->DeleteLocalRef(jni, threads[i]);
    }
    (*jvmti)->Deallocate(jvmti, (unsigned char *)threads);
    return found;
}

static jobject new_thread_death(JNIEnv *jni)
{
    jclass death = (*jni)->FindClass(jni, "java/lang/ThreadDeath");
    jmethodID constructor = death ? (*jni)->GetMethodID(jni, death, "<init>", "()V") : NULL;
    return constructor ? (*jni)->NewObject(jni, death, constructor) : NULL;
}

static enum agent_result stop(jvmtiEnv *jvmti, JNIEnv *jni, jlong id)
{
    jvmtiCapabilities wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.can_signal_thread = 1;
    if ((*jvmti)->AddCapabilities(jvmti, &wanted) != JVMTI_ERROR_NONE)
        return NO_CAPABILITY;
    jobject death = new_thread_death(jni);
    if (death == NULL)
        return NO_EXCEPTION;
    jthread thread = find_thread(jvmti, jni, id);
    if (thread == NULL || !runs_user_code(jvmti, jni, thread))
        return NOTHING_TO_STOP;
    return (*jvmti)->StopThread(jvmti, thread, death) == JVMTI_ERROR_NONE ? STOPPED : NOT_STOPPED;
}

JNIEXPORT jint JNICALL Agent_OnAttach(JavaVM *vm, char *options, void *reserved)
{
    jvmtiEnv *jvmti = NULL;
    JNIEnv *jni = NULL;
    (void)reserved;
    if ((*vm)->GetEnv(vm, (void **)&jvmti, JVMTI_VERSION_1_2) != JNI_OK)
        return NO_ENVIRONMENT;
    enum agent_result result = NO_ENVIRONMENT;
    if ((*vm)->GetEnv(vm, (void **)&jni, JNI_VERSION_1_6) == JNI_OK) {
        result = stop(jvmti, jni, options ? strtoll(options, NULL, 10) : 0);
        if ((*jni)->ExceptionCheck(jni))
            (*jni)->ExceptionClear(jni);
    }
    (*jvmti)->DisposeEnvironment(jvmti);
    return result;
}
